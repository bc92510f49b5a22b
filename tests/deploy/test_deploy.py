"""deploy.sh against a real machine: what it does, and what becomes of the box when it goes wrong."""

from __future__ import annotations

import os
import re
import signal

import pytest

from tests.deploy.conftest import MUSIC
from tests.deploy.machine import DROP_INS, REPOSITORY, Machine, Source, eventually

pytestmark = pytest.mark.machine

TRACES = (
    "find /opt /etc /usr/local /var/lib/moodbox -newer /tmp/mark -type f ! -name 'moodbox.db*' 2>/dev/null"
)
SLEEPS = "        import time; time.sleep(3600)\n"
RUN = "    def run(self) -> int:\n"
LOOK = "        self._start_look()\n        while"
LOCKS_APT = """sudo systemd-run --quiet --unit=busy python3 -c '
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(600)'"""


def test_a_dry_run_changes_nothing_on_a_machine_that_never_saw_moodbox(bare: Machine, source: Source) -> None:
    bare.run("touch /tmp/mark")
    said = source.deploy(bare, "--dry-run", "box")
    assert "would install with apt: python3-venv python3-systemd mpd polkitd" in said
    assert re.search(r"would check \S+, switch from nothing to it", said)
    assert bare.run(TRACES, check=False) == ""
    assert bare.run("ls /opt") == ""


def test_there_is_nothing_to_go_back_to_or_to_tell_of_where_it_never_was(
    bare: Machine, source: Source
) -> None:
    assert "there is no moodbox on this machine" in source.deploy(bare, "--status", "box", code=10)
    assert "there is no moodbox on this machine" in source.deploy(bare, "--remove", "box", code=10)


def test_a_user_without_sudo_is_told_so_in_a_line(bare: Machine, source: Source) -> None:
    said = source.deploy(bare, "guest@box", code=3)
    assert said.splitlines()[1:] == [
        "moodbox: guest@box: your user has no sudo without a password there; log in as one that has it"
    ]


def test_a_machine_of_32_bits_is_refused_in_a_line(bare: Machine, source: Source) -> None:
    key = (bare.root / "home/guest/.ssh/authorized_keys").read_text()
    bare.allow("guest", f'command="setarch i686 sh -c \\"$SSH_ORIGINAL_COMMAND\\"" {key}')
    said = source.deploy(bare, "guest@box", code=4)
    bare.allow("guest", key)
    assert said.splitlines()[1].startswith(
        "moodbox: guest@box is i686: moodbox runs on 64 bit ARM and x86-64"
    )
    assert len(said.splitlines()) == 2


def test_one_command_makes_a_box_and_names_what_is_still_to_be_mended(bare: Machine, source: Source) -> None:
    said = source.deploy(bare)
    assert re.search(r"well: the box runs \S+; still to be mended: camera, library, panel$", said.strip())
    assert bare.status()["state"] in ("trouble", "starting", "looking")
    assert bare.run("systemctl is-active moodbox; systemctl is-enabled moodbox").split() == [
        "active",
        "enabled",
    ]


def test_mpd_is_given_the_boxs_configuration_and_hears_nobody_but_this_machine(
    bare: Machine, source: Source
) -> None:
    if not bare.release():
        source.deploy(bare)
    assert bare.run("cat /etc/mpd.conf") == (REPOSITORY / "deploy" / "mpd.conf").read_text()
    tcp = bare.run("sudo cat /proc/net/tcp /proc/net/tcp6")
    assert set(re.findall(r" (\w+):19C8 \w+:0000 0A ", tcp)) == {"0100007F"}  # port 6600, on 127.0.0.1
    assert "ok   player    MPD (protocol " in bare.run("sudo moodbox check", check=False)


def test_a_second_run_with_nothing_new_changes_nothing_and_says_so(machine: Machine, source: Source) -> None:
    source.deploy(machine)
    machine.run("sleep 1; touch /tmp/mark")
    before = machine.main_pid()
    assert "nothing new" in source.deploy(machine)
    assert machine.run(TRACES, check=False) == ""
    assert machine.main_pid() == before


def test_a_persons_settings_stay_and_new_keys_are_pointed_out(machine: Machine, source: Source) -> None:
    mine = (machine.root / "etc/moodbox/moodbox.toml").read_text()
    source.number("new")
    source.change("deploy/moodbox.toml", "settle = 0.5", "settle = 0.5\n# Nothing yet.\nfocus = 1.0")
    source.change("device/config/settings.py", "    settle: ", "    focus: float = 1.0\n    settle: ")
    said = source.deploy(machine)
    assert "keeping /etc/moodbox/moodbox.toml" in said
    assert "keeping /etc/mpd.conf, which somebody has changed" in said
    assert re.findall(r"a new setting: (\S+)", said) == ["camera.focus"]
    assert (machine.root / "etc/moodbox/moodbox.toml").read_text() == mine
    assert machine.status()["version"].startswith("new")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (RUN, RUN + "        1 / 0\n", "systemd had to start it again; it did not become ready"),
        (RUN, RUN + SLEEPS, "it did not become ready"),
        (LOOK, SLEEPS + LOOK, "does not answer"),
    ],
    ids=["crashes at its start", "is never ready", "hangs once it is ready"],
)
def test_a_release_that_is_not_well_goes_and_the_one_before_runs_again(
    machine: Machine, source: Source, old: str, new: str, says: str
) -> None:
    before = machine.release()
    source.number("bad")
    source.change("device/box/box.py", old, new)
    said = source.deploy(machine, code=8)
    last = said.splitlines()[-1]
    assert says in last
    assert f"{before} runs again" in last
    assert "  | " in said  # the log's last lines
    assert machine.release() == before
    eventually(lambda: machine.status().get("playing") == "play", 60)
    assert not [name for name in machine.run("ls /opt/moodbox/releases").split() if name.startswith("bad")]


def test_a_release_whose_check_fails_is_never_switched_to(machine: Machine, source: Source) -> None:
    before, pid = machine.release(), machine.main_pid()
    source.number("bad")
    model = source.folder / "models" / "mood3.tflite"
    model.write_bytes(model.read_bytes()[:1000])
    said = source.deploy(machine, code=8)
    assert "`moodbox check` fails: model: " in said.splitlines()[-1]
    assert (machine.release(), machine.main_pid()) == (before, pid)


@pytest.mark.parametrize("power", [False, True], ids=["the workstation's end", "the box's plug"])
@pytest.mark.parametrize("step", ["sending it", "making its virtual", "checking it", "switching to"])
def test_a_deploy_may_be_cut_off_at_any_step(
    machine: Machine, source: Source, step: str, power: bool
) -> None:
    source.number("cut")
    process = source.start(machine, "box")
    assert process.stdout is not None
    for line in process.stdout:
        if step in line:
            break
    else:
        pytest.fail(f"deploy.sh never said {step!r}")
    if power:
        machine.stop()
        os.killpg(process.pid, signal.SIGKILL)
        machine.boot()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    eventually(lambda: machine.status().get("trouble") == {}, 60)
    eventually(machine.nobody_at_work, 120)
    source.deploy(machine)
    assert machine.release().startswith("cut")
    assert machine.status()["trouble"] == {}
    kept = set(machine.run("ls /opt/moodbox/releases").split())
    assert kept == machine.proven()
    assert machine.run("ls -d /opt/moodbox/incoming.*", check=False) == ""


def test_a_release_that_lost_its_power_before_it_was_proven_and_fails_goes_back_by_itself(
    machine: Machine, source: Source
) -> None:
    before = machine.release()
    source.number("bad")
    source.change("device/box/box.py", RUN, RUN + "        1 / 0\n")
    process = source.start(machine, "box")
    assert process.stdout is not None
    next(line for line in process.stdout if "switching to" in line)
    eventually(lambda: machine.release().startswith("bad"), 10)
    machine.stop()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    quick = machine.root / DROP_INS / "quick.conf"
    quick.write_text("[Service]\nRestartSec=100ms\nRestartSteps=0\n")  # the test would else wait for minutes
    machine.boot()
    eventually(lambda: machine.release() == before, 60)
    eventually(lambda: machine.status().get("playing") == "play", 60)
    eventually(machine.nobody_at_work, 60)
    quick.unlink()
    machine.run("sudo systemctl daemon-reload")


def test_two_deploys_at_once_do_not_meet(machine: Machine, source: Source) -> None:
    source.number("one")
    first = source.start(machine, "box")
    assert first.stdout is not None
    next(line for line in first.stdout if "making its virtual" in line)
    assert "another deploy is at work" in source.deploy(machine, "--rollback", "box", code=9)
    first.communicate(timeout=300)
    assert first.returncode == 0
    assert machine.release().startswith("one")


def test_rollback_goes_back_one_release_and_three_are_kept(machine: Machine, source: Source) -> None:
    order = [machine.release()]
    for version in ("a", "b", "c"):
        source.number(version)
        source.deploy(machine)
        order.append(machine.release())
    assert machine.proven() == set(order[-3:])
    source.deploy(machine, "--rollback", "box")
    assert machine.release() == order[-2]
    source.deploy(machine, "--rollback", "box")
    assert machine.release() == order[-3]
    said = source.deploy(machine, "--rollback", "box", code=10)
    assert said.splitlines()[-1] == "moodbox: there is no earlier release on this box"
    assert "is there already" in source.deploy(machine)
    assert machine.release() == order[-1]
    said = source.deploy(machine, "--status", "box")
    assert f"runs     {order[-1]}" in said
    assert f"kept     {order[-2]}" in said


def test_a_busy_apt_is_said_in_a_line(machine: Machine, source: Source) -> None:
    source.number("apt")
    machine.run("sudo dpkg --remove --force-depends python3-systemd")
    machine.run(LOCKS_APT)
    said = source.deploy(machine, code=6)
    assert said.splitlines()[-1].startswith("moodbox: apt is busy on the box")
    machine.run("sudo systemctl stop busy")
    source.deploy(machine)


def test_a_full_disk_is_said_before_anything_is_sent(machine: Machine, source: Source) -> None:
    source.number("full")
    machine.run("sudo mount -t tmpfs -o size=100m tmpfs /opt")
    try:
        said = source.deploy(machine, code=5)
    finally:
        machine.run("sudo umount /opt")
    assert re.search(r"box has \d+ MB left for /opt and \d+ are needed", said.splitlines()[-1])
    assert len(said.splitlines()) == 3


def test_remove_takes_all_away_but_what_is_the_owners(machine: Machine, source: Source) -> None:
    source.deploy(machine, "--remove", "box")
    assert machine.state() == "inactive"
    gone = "/opt/moodbox /usr/local/bin/moodbox /etc/systemd/system/moodbox.service"
    assert machine.run(f"ls -d {gone} 2>/dev/null", check=False) == ""
    assert machine.run("cat /etc/moodbox/moodbox.toml").startswith("# a person wrote this")
    assert "moodbox.db" in machine.run("sudo ls /var/lib/moodbox")
    assert machine.run("cat /etc/mpd.conf") == MUSIC
    assert (
        machine.run(
            "sudo find /etc/polkit-1/rules.d /etc/systemd/system -name 'mpd.socket.d*' -o -name '*.rules'"
        )
        == ""
    )


def test_remove_gives_back_debians_configuration_of_mpd_where_only_deploys_have_changed_it(
    furnished: Machine, source: Source
) -> None:
    """Without a sound card, too: what is missing around the box is named, and no hindrance."""
    furnished.run("sudo cp /etc/mpd.conf.before-moodbox /etc/mpd.conf; sudo systemctl stop mpd")
    assert "giving MPD its configuration" in source.deploy(furnished)
    eventually(lambda: "Failed to open" in furnished.status()["trouble"].get("player", ""), 60)
    source.number("next")
    source.change("deploy/mpd.conf", 'name "speaker"', 'name "horn"')
    assert re.search("still to be mended: .*player", source.deploy(furnished))
    assert 'name "horn"' in furnished.run("cat /etc/mpd.conf")
    source.deploy(furnished, "--remove", "box")
    assert furnished.run("dpkg --verify mpd", check=False) == ""
    assert "00000000" in furnished.run("sudo cat /proc/net/tcp /proc/net/tcp6 | grep :19C8")
    (furnished.root / "etc/mpd.conf").write_text(MUSIC)
    furnished.run("sudo systemctl stop mpd")
