"""The box under systemd on a real machine: its sandbox, its restarts, and switching off."""

from __future__ import annotations

import re
import signal
import time

import numpy as np
import pytest
import soundfile

from tests.deploy.machine import DROP_INS, REPOSITORY, Machine, eventually

pytestmark = pytest.mark.machine


def test_systemd_rates_the_exposure_of_the_running_box_as_low(machine: Machine) -> None:
    found = machine.run("systemd-analyze security --no-pager moodbox.service")
    exposure = re.search(r"Overall exposure level for moodbox\.service: ([\d.]+)", found)
    assert exposure is not None
    assert float(exposure[1]) <= 1.0


def test_systemd_accepts_every_line_of_the_installed_units(machine: Machine) -> None:
    assert machine.run("sudo systemd-analyze verify --man=no moodbox.service moodbox-back.service 2>&1") == ""


def test_the_box_plays_in_its_sandbox_and_again_after_a_power_cut(machine: Machine) -> None:
    assert machine.status()["mood"] == "happy"
    machine.stop()
    machine.boot()
    eventually(lambda: machine.status().get("playing") == "play", 30)
    assert machine.status()["trouble"] == {}


def test_songs_are_analyzed_in_the_sandbox_by_a_process_of_idle_priority(machine: Machine) -> None:
    folder = machine.root / "var/lib/mpd/music/heard"
    folder.mkdir(exist_ok=True)
    sound = 0.1 * np.sin(np.arange(30 * 44100) * np.random.default_rng(1).random(2)[:, None]).T
    for number in range(40):
        soundfile.write(folder / f"{number}.flac", sound, 44100)
    update = "import mpd; c = mpd.MPDClient(); c.connect('/run/mpd/socket'); c.update()"
    machine.run(f'sudo /opt/moodbox/current/venv/bin/python -c "{update}"')
    children = f"sudo cat /proc/{machine.main_pid()}/task/*/children"
    eventually(lambda: "SCHED_IDLE" in machine.run(f"chrt --pid $({children})", check=False), 60)
    # At this priority it hardly gets on where other programs keep the processors busy.
    eventually(lambda: "44 songs; 44 analyzed\n" in machine.run("sudo moodbox check", check=False), 300)


@pytest.mark.parametrize(("number", "within"), [(signal.SIGKILL, 20), (signal.SIGSTOP, 60)])
def test_a_killed_or_stopped_box_is_restarted(
    machine: Machine, number: signal.Signals, within: float
) -> None:
    pid = machine.main_pid()
    began = time.time()
    machine.run(f"sudo kill -{number.value} {pid}")
    eventually(lambda: machine.main_pid() not in (0, pid), within)
    eventually(lambda: machine.status().get("playing") == "play", 30)
    log = machine.run(f"sudo journalctl --since=@{int(began)} --unit=moodbox")
    assert "Control process exited" not in log  # systemd logs this if `moodbox dark` fails


def test_a_box_that_keeps_failing_is_stopped_and_its_lights_are_off(machine: Machine) -> None:
    quick = machine.root / DROP_INS / "quick.conf"
    # With the real pauses the test would take minutes.
    quick.write_text("[Service]\nRestartSec=100ms\nRestartSteps=0\n")
    machine.run("sudo systemctl daemon-reload")
    for _ in range(10):  # eight starts are allowed; systemd 252 forgets those before a daemon-reload
        if (pid := machine.main_pid()) == 0:
            break
        machine.run(f"sudo kill -9 {pid}")
        eventually(lambda was=pid: machine.main_pid() not in (0, was) or "failed" in machine.state(), 30)  # type: ignore[misc]
    eventually(lambda: machine.state() == "failed", 30)
    after = machine.run("systemctl show moodbox --property=ExecStopPost")
    assert re.search(r"moodbox dark ;.* code=exited ; status=0 ", after)  # it switched the lights off
    assert "repeated too quickly" in machine.run("sudo journalctl --unit=moodbox --lines=20")
    quick.unlink()
    start_again = "sudo systemctl reset-failed moodbox; sudo systemctl start moodbox"
    assert start_again in (REPOSITORY / "docs" / "deploying.md").read_text()
    machine.run(f"sudo systemctl daemon-reload; {start_again}")
    eventually(lambda: machine.status().get("playing") == "play", 30)


def install_power_off_unit(machine: Machine) -> str:
    """Install a unit with the sandbox of moodbox.service, that switches the machine off as the box does.

    Another process cannot press gpiozero's mock pins. Returns the unit's name.
    """
    units = machine.root / "etc/systemd/system"
    unit = (units / "moodbox.service").read_text()
    python = "/opt/moodbox/current/venv/bin/python"
    for old, new in (
        (r"^ExecStart=.*", f"ExecStart={python} -c 'from device.system.power import power_off; power_off()'"),
        (r"^Type=.*", "Type=oneshot"),
        (r"^(Restart|Watchdog|ExecStopPost|OnFailure).*\n", ""),
        (r"^RuntimeDirectory=.*", "RuntimeDirectory=off"),
        (r"^WorkingDirectory=.*", "WorkingDirectory=/run/off"),
    ):
        unit, found = re.subn(old, new, unit, flags=re.MULTILINE)
        assert found
    (units / "off.service").write_text(unit)
    machine.run("sudo systemctl daemon-reload")
    return "off.service"


def test_if_polkit_refuses_the_machine_stays_on_and_the_reason_is_logged(machine: Machine) -> None:
    off = install_power_off_unit(machine)
    rule = "/etc/polkit-1/rules.d/moodbox.rules"
    machine.run(f"sudo mv {rule} /tmp/; sudo systemctl restart polkit")
    machine.run(f"sudo systemctl start {off}", check=False)
    assert "logind does not switch off (Call failed: " in machine.run(f"sudo journalctl --unit={off}")
    machine.run(f"sudo mv /tmp/moodbox.rules {rule}; sudo systemctl restart polkit")
    assert machine.status()["playing"] == "play"


def test_the_box_can_switch_the_machine_off_from_its_sandbox(machine: Machine) -> None:
    machine.run(f"sudo systemctl start --no-block {install_power_off_unit(machine)}", check=False)
    machine.wait_until_off()
    machine.boot()
    eventually(lambda: machine.status().get("playing") == "play", 60)


def test_mpd_over_tcp_needs_only_the_drop_in_of_the_docs(machine: Machine) -> None:
    file = machine.root / "etc/moodbox/moodbox.toml"
    original = file.read_text()
    file.write_text(original + '[music]\naddress = "127.0.0.1:6600"\n')
    machine.run("sudo systemctl restart moodbox")
    eventually(lambda: "player" in machine.status().get("trouble", {}), 30)
    docs = (REPOSITORY / "docs" / "deploying.md").read_text()
    [drop_in] = re.findall(r"```ini\n(.*?)```", docs, re.DOTALL)
    (machine.root / DROP_INS / "network.conf").write_text(drop_in.replace("192.168.1.20", "127.0.0.1"))
    machine.run("sudo systemctl daemon-reload; sudo systemctl restart moodbox")
    eventually(lambda: machine.status().get("playing") == "play", 30)
    (machine.root / DROP_INS / "network.conf").unlink()
    file.write_text(original)
    machine.run("sudo systemctl daemon-reload; sudo systemctl restart moodbox")
