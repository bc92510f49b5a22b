"""What each gesture of the button does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from gpiozero import Device

from device.config.settings import Panel, Settings
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.mood import Mood
from device.panel.lights import Indication
from device.playback.memory import Memory
from tests.device.box.helpers import PictureSequence, Shown, lit, plays, shows
from tests.device.estimates import certain
from tests.waiting import eventually


def test_the_lights_change_while_the_button_is_still_down(
    settings: Settings, library: PrivateMpd, camera: PictureSequence
) -> None:
    panel = msgspec.structs.replace(settings.panel, hold=30.0)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        pin = Device.pin_factory.pin(panel.button)
        pin.drive_low()
        shows(harness, Indication.PRESSED)
        pin.drive_high()
        shows(harness, Indication.MOOD)


def test_a_hold_pauses_and_the_next_hold_plays_on(harness: Harness) -> None:
    plays(harness, "Disco")
    pin = Device.pin_factory.pin(Panel().button)
    for state, indication in (("pause", Indication.PAUSED), ("play", Indication.MOOD)):
        pin.drive_low()
        shows(harness, Indication.HELD)
        assert lit(harness) == {Mood.HAPPY, Mood.NEUTRAL, Mood.SAD}
        pin.drive_high()
        shows(harness, indication)
        assert harness.status()["playing"] == state


def test_a_hold_does_nothing_until_the_button_is_released(harness: Harness) -> None:
    plays(harness, "Disco")
    pin = Device.pin_factory.pin(Panel().button)
    pin.drive_low()
    shows(harness, Indication.HELD)
    assert harness.status()["playing"] == "play"
    pin.drive_high()
    shows(harness, Indication.PAUSED)


def test_a_very_long_hold_asks_logind_to_switch_off_and_leaves_the_music_alone(
    settings: Settings,
    library: PrivateMpd,
    camera: PictureSequence,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """No logind is on this bus, so that the test's machine stays on. tests/deploy switches one off."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    panel = msgspec.structs.replace(settings.panel, off=1.0)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        pin = Device.pin_factory.pin(Panel().button)
        pin.drive_low()
        shows(harness, Indication.GOING_OFF)
        assert harness.status()["trouble"] == {}
        pin.drive_high()
        shows(harness, Indication.TROUBLE)
        assert re.match(
            r"logind does not switch off \(.+\): is polkitd", harness.status()["trouble"]["power"]
        )
        assert harness.status()["playing"] == "play"
        harness.press()
        shows(harness, Indication.MOOD)
        assert harness.status()["trouble"] == {}


def test_a_press_while_paused_observes_and_plays(harness: Harness) -> None:
    plays(harness, "Disco")
    harness.press(0.7)
    shows(harness, Indication.PAUSED)
    harness.press()
    plays(harness, "Disco")
    shows(harness, Indication.MOOD)


def test_two_quick_presses_skip_the_song_without_an_observation(
    harness: Harness, camera: PictureSequence, settings: Settings
) -> None:
    plays(harness, "Disco")
    song = harness.status()["song"]
    harness.double_press()
    eventually(lambda: harness.status()["song"] not in (song, None))
    plays(harness, "")
    shows(harness, Indication.MOOD)
    assert camera.opened == 1
    memory = Memory.open(settings.service.state_path())
    assert [
        (count.completed, round(count.skipped, 1))  # in part for other moods, as far as they are likely
        for count in memory.play_statistics(certain(Mood.HAPPY)).songs.values()
    ] == [(0, 1)]
    memory.close()


def test_a_single_press_is_shown_until_its_observation_has_ended(shown: Shown, harness: Harness) -> None:
    plays(harness, "Disco")
    shows(harness, Indication.MOOD)
    harness.press()
    eventually(lambda: Indication.PRESSED in dict(shown))
    shows(harness, Indication.MOOD)


def test_skip_over_the_socket_skips_the_song_and_fails_if_none_plays(
    harness: Harness, settings: Settings, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    song = harness.status()["song"]
    assert ask(settings.service.socket_path(), "skip") == {"ok": True}
    eventually(lambda: harness.status()["song"] not in (song, None))
    library.client().stop()
    eventually(lambda: harness.status()["playing"] == "stop")
    with pytest.raises(ServiceError, match="no song plays"):
        ask(settings.service.socket_path(), "skip")
