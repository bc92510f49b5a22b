"""Faults around the box on a real machine: it reports them, loses nothing, and recovers if it can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deploy.machine import Machine, eventually

pytestmark = pytest.mark.machine

START = "sudo systemctl reset-failed moodbox; sudo systemctl start moodbox"  # clears the start limit first
RESTART = "sudo systemctl reset-failed moodbox; sudo systemctl restart moodbox"
STATE = "/var/lib/moodbox"
MPD_PID = "$(systemctl show mpd --property=MainPID --value)"
LEARNED = f"sudo sh -c 'cd {STATE} && sha256sum moodbox.db songs.db'"


def trouble(machine: Machine) -> dict[str, str]:
    """Return the faults that the box reports, by part."""
    found: dict[str, str] = machine.status().get("trouble", {})
    return found


def wait_until_it_plays(machine: Machine) -> None:
    """Wait until the box plays without a fault."""
    eventually(lambda: machine.status().get("playing") == "play", 60)
    eventually(lambda: trouble(machine) == {}, 60)


def test_a_killed_mpd_is_started_again_and_plays(machine: Machine) -> None:
    machine.run(f"sudo kill -KILL {MPD_PID}")
    wait_until_it_plays(machine)


def test_a_hanging_mpd_is_reported_and_plays_once_it_answers(machine: Machine) -> None:
    machine.run(f"sudo kill -STOP {MPD_PID}")
    machine.run("sudo moodbox press")
    eventually(lambda: "does not answer" in trouble(machine).get("player", ""), 30)
    machine.run(f"sudo kill -CONT {MPD_PID}")
    wait_until_it_plays(machine)


def test_without_mpd_at_boot_the_box_is_ready_reports_it_and_plays_once_mpd_runs(machine: Machine) -> None:
    machine.run("sudo systemctl mask --now mpd.socket mpd.service")
    machine.stop()
    machine.boot()
    eventually(lambda: "player" in trouble(machine), 60)
    assert machine.state() == "active"
    assert machine.status()["mood"] == "happy"
    machine.run("sudo systemctl unmask mpd.socket mpd.service; sudo systemctl start mpd.socket")
    wait_until_it_plays(machine)


def test_with_invalid_settings_the_box_plays_with_the_last_good_ones(machine: Machine) -> None:
    file = machine.root / "etc/moodbox/moodbox.toml"
    original = file.read_text()
    file.write_text(original + "[look]\nreadings = 0\n")
    machine.run(RESTART)
    eventually(lambda: machine.status().get("playing") == "play", 60)
    assert "look.readings: expected a whole number of at least 1; found 0" in trouble(machine)["settings"]
    assert machine.status()["mood"] == "happy"  # its last good settings name the picture of a happy face
    checked = machine.run("sudo moodbox check; echo $?", check=False)
    assert checked.startswith("BAD  settings  /etc/moodbox/moodbox.toml: look.readings")
    assert checked.splitlines()[-1] == "2"
    file.write_text(original)
    machine.run(RESTART)
    wait_until_it_plays(machine)


def test_invalid_settings_without_last_good_ones_cause_no_restart(machine: Machine) -> None:
    file = machine.root / "etc/moodbox/moodbox.toml"
    original = file.read_text()
    file.write_text(original + "[look]\nreadings = 0\n")
    machine.run(f"sudo rm {STATE}/settings.json {STATE}/settings.2.json")
    machine.run(RESTART, check=False)
    assert machine.state() == "failed"
    assert machine.run("systemctl show moodbox --property=NRestarts --value").strip() == "0"
    file.write_text(original)
    machine.run(RESTART)
    wait_until_it_plays(machine)


def test_a_truncated_model_is_reported_by_a_running_box(machine: Machine) -> None:
    model = machine.root / "opt/moodbox/releases" / machine.release() / "models/mood3.tflite"
    content = model.read_bytes()
    model.write_bytes(content[:1000])
    machine.run(RESTART)
    eventually(lambda: "is not the file its card describes" in trouble(machine).get("model", ""), 60)
    assert machine.status()["state"] == "trouble"
    model.write_bytes(content)
    machine.run(RESTART)
    wait_until_it_plays(machine)


@contextmanager
def small_disk(machine: Machine) -> Iterator[None]:
    """Mount 2 MB over the state folder, with a copy of its files and their permissions."""
    machine.run(
        f"sudo systemctl stop moodbox; sudo cp -a {STATE} /tmp/state;"
        f" sudo mount -t tmpfs -o size=2m,mode=750 tmpfs {STATE};"
        f" sudo cp -aT /tmp/state {STATE}; {START}"
    )
    try:
        wait_until_it_plays(machine)
        yield
    finally:
        machine.run(f"sudo systemctl stop moodbox; sudo umount {STATE}; sudo rm -r /tmp/state; {START}")


def test_on_a_full_disk_the_music_plays_and_learning_resumes_once_there_is_space(machine: Machine) -> None:
    with small_disk(machine):
        machine.run(f"sudo dd if=/dev/zero of={STATE}/full bs=4k", check=False)
        machine.run("sudo moodbox press")
        eventually(lambda: "storage" in trouble(machine), 60)
        assert machine.status()["playing"] == "play"
        machine.run(f"sudo rm {STATE}/full; sudo moodbox press")
        wait_until_it_plays(machine)
        assert "ok" in machine.run(
            f"sudo /opt/moodbox/current/venv/bin/python -c 'import sqlite3; "
            f'print(sqlite3.connect("{STATE}/moodbox.db").execute("PRAGMA quick_check").fetchone())\''
        )
    wait_until_it_plays(machine)


def test_on_a_disk_that_is_read_only_from_the_start_only_learning_stops(machine: Machine) -> None:
    with small_disk(machine):
        before = machine.run(f"sudo systemctl stop moodbox; {LEARNED}")
        machine.run(f"sudo mount -o remount,ro {STATE}; sudo systemctl start moodbox")
        eventually(lambda: "read-only" in trouble(machine).get("storage", ""), 60)
        eventually(lambda: machine.status().get("playing") == "play", 60)
        assert machine.run(LEARNED) == before
    wait_until_it_plays(machine)
