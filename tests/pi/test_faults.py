"""Faults of a box on an emulated Pi: it loses nothing, and its lights show the fault."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.pi.box import LIGHT_LINES, lights_blink, logged_moods, mpd, wait_until_it_plays
from tests.pi.emulated import BUTTON, EmulatedPi
from tests.pi.provisioning import PICTURE
from tests.waiting import eventually

pytestmark = pytest.mark.pi

SKIP_SONGS = """
import socket, time
while True:
    with socket.socket(socket.AF_UNIX) as mpd:
        mpd.connect("/run/mpd/socket")
        mpd.sendall(b"next\\nclose\\n")
        mpd.recv(100)
    time.sleep(0.5)
"""
CLAIM_LIGHT = "import lgpio, time; lgpio.gpio_claim_output(lgpio.gpiochip_open(0), 0); time.sleep(3600)"
FILL_DISK = """cd /var/tmp
sudo fallocate --length $(($(df --output=avail --block-size=1 . | tail -1) - 4000000)) full
sudo dd if=/dev/zero of=rest bs=4k status=none
"""
CAMERAS = {
    "trixie": ("/usr/share/libcamera/pipeline/virtual/virtual.yaml", "No camera"),
    "bookworm": (PICTURE, "no such file"),
}
READ_COUNTS = """
import json, sqlite3
memory = sqlite3.connect("file:/var/lib/moodbox/moodbox.db?mode=ro", uri=True)
[whole] = memory.execute("PRAGMA integrity_check").fetchone()
tallies = memory.execute("SELECT TOTAL(heard), TOTAL(skipped) FROM tallies WHERE kind = 'song'").fetchone()
begun = memory.execute("SELECT MAX(number) FROM played").fetchone()
print(json.dumps([whole, *tallies, *begun]))
"""


def learned(pi: EmulatedPi) -> list[int]:
    """Return how often songs were played through, skipped and started; none of these counts ever falls."""
    integrity, *counts = json.loads(pi.run("sudo python3 -", stdin=READ_COUNTS.encode()))
    assert integrity == "ok"
    return [int(count or 0) for count in counts]


def nothing_lost(before: list[int], after: list[int]) -> bool:
    """Tell whether no count has fallen."""
    return all(new >= old for old, new in zip(before, after, strict=True))


@contextlib.contextmanager
def recovery_time(fault: str) -> Iterator[None]:
    """Print how long the box takes to recover."""
    started = time.monotonic()
    yield
    print(f"\nhealthy again after {time.monotonic() - started:.0f} s: {fault}", flush=True)


def test_ten_power_cuts_at_random_moments_of_writing_lose_nothing(pi: EmulatedPi) -> None:
    for cut in range(1, 11):
        pi.run('sudo systemd-run --quiet --unit=skips python3 -uc "$(cat)"', stdin=SKIP_SONGS.encode())
        skipped = learned(pi)[1]
        eventually(lambda was=skipped: learned(pi)[1] > was, 120, pause=0.5)  # type: ignore[misc]
        before = learned(pi)
        time.sleep(random.uniform(0, 3))
        pi.stop()
        with recovery_time(f"power cut {cut} of 10, from power on; {before[1]} skips learned before"):
            pi.boot()
            wait_until_it_plays(pi)
        assert nothing_lost(before, learned(pi))


def test_a_light_that_another_program_uses_is_a_fault_until_a_restart_without_it(
    pi: EmulatedPi,
) -> None:
    pi.run("sudo systemctl stop moodbox")
    pi.run(f"sudo systemd-run --quiet --unit=pin-user --working-directory=/run python3 -c '{CLAIM_LIGHT}'")
    pi.run("sudo systemctl start moodbox")
    eventually(lambda: "panel" in pi.status().get("trouble", {}), 120, pause=1)
    assert "is another program using the pin?" in pi.status()["trouble"]["panel"]
    eventually(lambda: pi.status().get("playing") == "play", 120, pause=1)  # it plays without lights
    pi.run("sudo systemctl stop pin-user")
    with recovery_time("a pin taken by another program, from `systemctl restart moodbox`"):
        pi.run("sudo systemctl restart moodbox")
        wait_until_it_plays(pi)
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]


def test_a_camera_that_is_missing_at_the_start_is_reported_and_the_music_plays(pi: EmulatedPi) -> None:
    with without_camera(pi) as message:
        pi.run("sudo systemctl restart moodbox")
        eventually(lambda: message in trouble(pi, "camera"), 120, pause=1)
        eventually(lambda: lights_blink(pi), 60)
        assert pi.status()["playing"] == "play"
    with recovery_time("camera missing at the start, from when it is available"):
        if pi.suite == "trixie":  # libcamera creates its virtual camera once in a process
            pi.run("sudo systemctl restart moodbox")
        wait_until_it_plays(pi)
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]


def test_a_removed_camera_is_reported_at_the_next_observation_and_the_music_plays_on(pi: EmulatedPi) -> None:
    with without_camera(pi) as message:
        pi.wires.press(BUTTON)
        eventually(lambda: message in trouble(pi, "camera"), 120, pause=1)
        eventually(lambda: lights_blink(pi), 60)
        assert pi.status()["playing"] == "play"
    with recovery_time("camera removed, from when it is available again"):
        if pi.suite == "trixie":
            pi.run("sudo systemctl restart moodbox")
        else:
            pi.wires.press(BUTTON)
        wait_until_it_plays(pi)
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]


@contextlib.contextmanager
def without_camera(pi: EmulatedPi) -> Iterator[str]:
    """Take the camera away, and give the message of the box."""
    file, message = CAMERAS[pi.suite]
    pi.run(f"sudo mv {file} {file}.removed")
    try:
        yield message
    finally:
        pi.run(f"sudo mv {file}.removed {file}")


def test_a_clock_that_jumps_by_a_year_and_back_does_not_disturb_the_box(pi: EmulatedPi) -> None:
    before, pid = learned(pi), pi.main_pid()
    for jump in ("+1 year", "-1 year"):
        pi.run(f"sudo date --set='{jump}'")
        time.sleep(40)  # the watchdog would fire after 30
        observations = len(logged_moods(pi))
        pi.wires.press(BUTTON)
        eventually(lambda known=observations: len(logged_moods(pi)) > known, 120, pause=1)  # type: ignore[misc]
        wait_until_it_plays(pi)
        assert pi.main_pid() == pid
    assert nothing_lost(before, learned(pi))


def test_a_full_disk_is_a_fault_until_there_is_space_again(pi: EmulatedPi) -> None:
    before = learned(pi)
    with storage_fault(
        pi, "disk full, from when there is room", repair="sudo rm /var/tmp/full /var/tmp/rest"
    ):
        pi.run(FILL_DISK, check=False)
    assert nothing_lost(before, learned(pi))


def test_a_root_that_turns_read_only_is_a_fault_until_it_can_be_written_again(pi: EmulatedPi) -> None:
    before = learned(pi)
    with storage_fault(
        pi, "root turned read-only, from when it can be written again", repair="sudo mount -o remount,rw /"
    ):
        pi.run("echo u | sudo tee /proc/sysrq-trigger")  # the kernel remounts everything read-only at once
        skip_until(pi, lambda: "read-only" in trouble(pi, "storage"))
    assert nothing_lost(before, learned(pi))


@contextlib.contextmanager
def storage_fault(pi: EmulatedPi, fault: str, *, repair: str) -> Iterator[None]:
    """Check that the box reports the fault that the body causes, plays on, and recovers after `repair`."""
    try:
        yield
        skip_until(pi, lambda: trouble(pi, "storage"))
        eventually(lambda: lights_blink(pi), 60)
        assert pi.status()["playing"] == "play"
    finally:
        pi.run(repair)
    with recovery_time(fault):
        skip_until(pi, lambda: not trouble(pi, "storage"))
        wait_until_it_plays(pi)


def test_with_a_root_that_is_read_only_at_boot_only_learning_stops(pi: EmulatedPi) -> None:
    before = learned(pi)
    pi.run("sudo sed -i 's: ext4 defaults: ext4 ro:' /etc/fstab")
    try:
        pi.reboot(degraded=True)  # Trixie's networkd wants to write
        eventually(lambda: "read-only" in trouble(pi, "storage"), 300, pause=1)
        eventually(lambda: pi.status().get("playing") == "play", 120, pause=1)
        eventually(lambda: lights_blink(pi), 60)
    finally:
        pi.run("sudo mount -o remount,rw / && sudo sed -i 's: ext4 ro: ext4 defaults:' /etc/fstab")
    with recovery_time("root read-only at boot, from `systemctl restart` when it can be written again"):
        pi.run("sudo systemctl restart moodbox")
        wait_until_it_plays(pi)
    assert nothing_lost(before, learned(pi))


def trouble(pi: EmulatedPi, part: str) -> str:
    """Return the fault that the box reports for a part, or an empty string."""
    return str(pi.status().get("trouble", {}).get(part, ""))


def skip_until(pi: EmulatedPi, happened: Callable[[], object]) -> None:
    """Skip songs until it happens: the box writes each skip to its memory."""

    def skipped() -> object:
        mpd(pi, "next")
        return happened()

    eventually(skipped, 180, pause=2)
