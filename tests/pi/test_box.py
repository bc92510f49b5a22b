"""The whole box on an emulated Pi: real arm64, SSH, pins and sound, and on Trixie Picamera2 itself."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.pi.box import LIGHT_LINES, is_healthy, logged_moods, wait_until_it_plays
from tests.pi.conftest import Box
from tests.pi.emulated import BUTTON, LIGHTS, EmulatedPi
from tests.pi.music import record
from tests.waiting import eventually

pytestmark = pytest.mark.pi


def test_after_one_command_a_machine_without_moodbox_plays(box: Box) -> None:
    assert box.files_before == ""
    # A slow camera may be "still to fix" for a moment; after that the box reports no fault.
    assert re.match(r"moodbox: healthy: the box runs \S+", box.deploy_output.splitlines()[-1])
    wait_until_it_plays(box.pi)


def test_only_the_light_of_the_mood_is_on(pi: EmulatedPi) -> None:
    assert pi.status()["mood"] == "happy"
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]


def test_the_sound_card_plays_the_song_that_the_status_names(pi: EmulatedPi) -> None:
    hertz = int(pi.status()["song"].split(".")[0])
    recording = record(pi)
    assert recording.peak > 0.3
    assert recording.hertz == pytest.approx(hertz, rel=0.01)


def test_a_press_makes_it_look_again(pi: EmulatedPi) -> None:
    before = len(logged_moods(pi))
    with pi.wires.held(BUTTON):
        time.sleep(1)
        pressed = pi.wires.lit(LIGHT_LINES)
    assert all(0 < share < 1 for share in pressed)  # half lit
    eventually(lambda: len(logged_moods(pi)) > before, 120, pause=1)
    assert logged_moods(pi)[-1] == "happy"
    wait_until_it_plays(pi)
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]


def test_a_long_press_pauses_the_music_and_another_resumes_it(pi: EmulatedPi) -> None:
    pi.wires.press(BUTTON, seconds=4.5)
    eventually(lambda: pi.status().get("playing") == "pause", 60, pause=1)
    assert record(pi).peak == 0
    pi.wires.press(BUTTON, seconds=4.5)
    eventually(lambda: is_healthy(pi), 60, pause=1)
    assert record(pi).peak > 0.3


def test_the_check_finds_no_fault_on_a_running_and_on_a_stopped_box(pi: EmulatedPi) -> None:
    check = "sudo -u moodbox moodbox check --json"
    assert all(part["well"] for part in json.loads(pi.run(f"cd /tmp; {check}")))
    pi.run("sudo systemctl stop moodbox")
    try:
        found = {part["part"]: part["what"] for part in json.loads(pi.run(f"cd /tmp; {check}"))}
    finally:
        pi.run("sudo systemctl start moodbox")
    lights = ", ".join(f"leds.{mood} on GPIO{line}" for mood, line in LIGHTS.items())
    assert found["panel"] == f"{lights}, button on GPIO{BUTTON}"
    if pi.suite == "trixie":
        assert found["camera"] == "auto gives 320x240"


def test_systemd_rates_the_exposure_of_the_box_as_low(pi: EmulatedPi) -> None:
    found = pi.run("systemd-analyze security --no-pager moodbox.service")
    exposure = re.search(r"Overall exposure level for moodbox\.service: ([\d.]+)", found)
    assert exposure is not None
    print(exposure[0])
    assert float(exposure[1]) <= 1.2
    assert pi.status()["trouble"] == {}


def test_the_box_plays_again_after_a_reboot(pi: EmulatedPi) -> None:
    pi.reboot()
    wait_until_it_plays(pi)
    print(f"$ sudo reboot\n$ sudo moodbox status\n{pi.run('sudo moodbox status')}")
    assert pi.wires.lit(LIGHT_LINES) == [1.0, 0.0, 0.0]
    assert record(pi).peak > 0.3


def test_a_very_long_press_switches_the_pi_off_and_with_power_it_plays_again(pi: EmulatedPi) -> None:
    pi.wires.press(BUTTON, seconds=12)
    pi.wait_until_off()
    pi.boot()
    wait_until_it_plays(pi)
