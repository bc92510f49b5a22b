"""A box that plays for other rooms, on a machine of its own: real systemd, MPD and Snapcast, and a reboot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.deploy.conftest import MUSIC, SETTINGS
from tests.deploy.machine import REPOSITORY, Machine, Source, eventually

pytestmark = pytest.mark.machine

SERVES = SETTINGS + "[room]\nserve = true\n"
ALONG = SETTINGS + '[room]\nserver = "127.0.0.1"\n'
ROOM_UNITS = "moodbox-room.socket moodbox-room.service snapserver.service snapclient.service"
WELL = "ok   room      this box takes the presses of all rooms and sends the sound"
HEARD = "/var/lib/snapclient/heard"
# A container has no sound card. The test asks snapserver how it is; a deploy keeps both files.
OPTIONS = {
    "snapclient": f'SNAPCLIENT_OPTS="--player file:filename={HEARD}"\n',
    "snapserver": 'SNAPSERVER_OPTS="--tcp.enabled=true --tcp.bind_to_address=127.0.0.1"\n',
}
STREAMS = """
import json, socket
asked = socket.create_connection(("127.0.0.1", 1705), timeout=10)
asked.sendall(b'{"id": 1, "jsonrpc": "2.0", "method": "Server.GetStatus"}\\r\\n')
answer = json.loads(asked.makefile().readline())
print(json.dumps({each["id"]: each["status"] for each in answer["result"]["server"]["streams"]}))
"""
PROCESS = """
pid=$(systemctl show moodbox-room --property=MainPID --value)
sudo grep -E '^(NoNewPrivs|Seccomp|CapEff|CapBnd):' /proc/$pid/status
sudo readlink /proc/$pid/ns/net /proc/1/ns/net | uniq | wc -l
"""
LISTENING = re.compile(r" (\w+):([0-9A-F]{4}) \w+:0000 0A ")
LOOPBACK = ("0100007F", "00000000000000000000000001000000")


@pytest.fixture
def kitchen(machine: Machine, source: Source) -> Iterator[Machine]:
    """Return a box with this release and its configuration of MPD, but no speaker."""
    text = (REPOSITORY / "deploy/mpd.conf").read_text()
    assert 'type "alsa"' in text
    write(machine, "/etc/mpd.conf", text.replace('type "alsa"', 'type "null"'))
    for program, options in OPTIONS.items():
        write(machine, f"/etc/default/{program}", options)
    source.deploy(machine)
    # As after a reboot: the socket too, which does not listen after what some other tests do.
    machine.run("sudo systemctl stop mpd.socket mpd; sudo systemctl start mpd.socket mpd")
    machine.run("sudo systemctl restart moodbox")
    yield machine
    print(machine.run(f"systemctl status --no-pager {ROOM_UNITS} mpd", check=False))
    print(machine.run("sudo journalctl --unit moodbox-room --lines 40 --no-pager --output cat", check=False))
    write(machine, "/etc/moodbox/moodbox.toml", SETTINGS)
    source.deploy(machine, "--rooms", "box")
    write(machine, "/etc/mpd.conf", MUSIC)
    machine.run("sudo systemctl restart mpd moodbox")


def write(machine: Machine, path: str, text: str) -> None:
    """Write a file as root; one that is there keeps its owner and mode."""
    machine.run(f"sudo tee {path} >/dev/null", stdin=text.encode())


def plays(machine: Machine) -> bool:
    """Tell whether the box plays the mood of its picture, and reports no fault."""
    status = machine.status()
    return status.get("playing") == "play" and status["mood"] == "happy" and status["trouble"] == {}


def outputs(machine: Machine) -> dict[str, bool]:
    """Return MPD's outputs, and which of them it plays by."""
    listed = machine.run("mpc --host=/run/mpd/socket outputs")
    return {name: state == "en" for name, state in re.findall(r"\((.+)\) is (en|dis)abled", listed)}


def streams(machine: Machine) -> dict[str, str]:
    """Return what snapserver says of its streams, as JSON-RPC."""
    answer: dict[str, str] = json.loads(machine.run("python3 -", stdin=STREAMS.encode()))
    return answer


def sounds(machine: Machine) -> bool:
    """Tell whether this room has just played something that is not silence."""
    machine.run(f"sudo truncate --size 0 {HEARD}")
    return int(machine.run(f"sleep 1; sudo cat {HEARD} | tr -d '\\0' | wc -c")) > 1000


def room_line(machine: Machine) -> str:
    """Return what `moodbox check` says of the rooms, or an empty string."""
    lines = machine.run("sudo moodbox check", check=False).splitlines()
    return next((line for line in lines if line[5:].startswith("room ")), "")


def open_ports(machine: Machine) -> set[int]:
    """Return the ports that other machines reach."""
    listed = LISTENING.findall(machine.run("cat /proc/net/tcp /proc/net/tcp6"))
    return {int(port, 16) for address, port in listed if address not in LOOPBACK}


def serves(machine: Machine) -> None:
    """Wait until the music reaches this room by MPD, the pipe and Snapcast, and check each part."""
    eventually(lambda: plays(machine), 60)
    assert machine.run(f"systemctl is-active {ROOM_UNITS}", check=False).split() == ["active"] * 4
    assert outputs(machine) == {"speaker": False, "rooms": True}
    eventually(lambda: streams(machine) == {"moodbox": "playing"}, 30)
    eventually(lambda: sounds(machine), 30)
    assert room_line(machine) == WELL


def test_a_box_serves_other_rooms_also_after_a_reboot_and_is_alone_again(
    kitchen: Machine, source: Source
) -> None:
    alone = open_ports(kitchen)
    write(kitchen, "/etc/moodbox/moodbox.toml", SERVES)
    assert "this box plays for all rooms" in source.deploy(kitchen, "--rooms", "box")
    serves(kitchen)
    assert open_ports(kitchen) - alone == {1704, 1707}
    # The sandbox of the process that other machines speak to.
    none = "0" * 16
    assert kitchen.run(PROCESS).split() == [
        "CapEff:", none, "CapBnd:", none, "NoNewPrivs:", "1", "Seccomp:", "2", "2",
    ]  # fmt: skip
    assert kitchen.run("systemctl show moodbox-room --property=NRestarts --value").strip() == "0"

    # Once more, as each later deploy does it: systemd restarts a socket whose service runs.
    source.deploy(kitchen, "--rooms", "box")
    kitchen.reboot()
    serves(kitchen)

    # It plays along with a box that does not serve, which is itself here, and says so.
    write(kitchen, "/etc/moodbox/moodbox.toml", ALONG)
    assert "this box plays along with 127.0.0.1" in source.deploy(kitchen, "--rooms", "box")
    assert "127.0.0.1 does not answer (Connection refused)" in room_line(kitchen)
    assert open_ports(kitchen) == alone

    write(kitchen, "/etc/moodbox/moodbox.toml", SETTINGS)
    assert "this box plays alone" in source.deploy(kitchen, "--rooms", "box")
    eventually(lambda: plays(kitchen), 60)
    assert "active" not in kitchen.run(f"systemctl is-active {ROOM_UNITS}", check=False).split()
    assert outputs(kitchen) == {"speaker": True}
    assert open_ports(kitchen) == alone
    assert room_line(kitchen) == ""
    left = "find /etc /run ! -name room.key -path '*moodbox*' -path '*room*' -o -path '*snap*moodbox*'"
    assert kitchen.run(f"sudo {left}", check=False) == ""
