"""A mood by hand: its music plays and its light says so, until the next press."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.config.settings import Settings
from device.control import protocol
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.panel.lights import Indication
from tests.device.box.helpers import HangingCamera, PictureSequence, plays, shows
from tests.waiting import eventually


def set_mood(settings: Settings, mood: Mood) -> None:
    assert ask(settings.service.socket_path(), protocol.SetMood(mood=mood)) == {"ok": True}


def test_its_music_plays_its_light_winks_and_the_status_says_that_it_is_by_hand(
    harness: Harness, settings: Settings
) -> None:
    plays(harness, "Disco")
    set_mood(settings, Mood.SAD)
    plays(harness, "Blues")
    shows(harness, Indication.BY_HAND)
    eventually(lambda: harness.lights() == {Mood.HAPPY: 0, Mood.NEUTRAL: 0, Mood.SAD: 1})
    status = harness.status()
    assert (status["chosen_by"], status["chosen_for"]) == ("hand", {"sad": 1.0})
    assert status["mood"] == "happy"  # what was seen


def test_it_lasts_until_the_next_press(
    harness: Harness, settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    set_mood(settings, Mood.SAD)
    plays(harness, "Blues")
    library.client().next()
    shows(harness, Indication.BY_HAND)
    harness.press()
    plays(harness, "Disco")
    shows(harness, Indication.MOOD)
    assert harness.status()["chosen_by"] == "mood"


def test_it_ends_the_search_for_somebody_and_a_look_that_could_change_the_music(
    settings: Settings, wall: Path, library: PrivateMpd
) -> None:
    with harness_for(settings, PictureSequence(wall)) as harness:
        shows(harness, Indication.NO_FACE)
        set_mood(settings, Mood.SAD)
        plays(harness, "Blues")
        assert not harness.state.searching
    camera = HangingCamera()
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.MOOD)
        camera.goes_on.clear()
        harness.press()
        shows(harness, Indication.LOOKING)
        set_mood(settings, Mood.SAD)
        shows(harness, Indication.BY_HAND)
        camera.goes_on.set()
        plays(harness, "Blues")
        assert harness.status()["chosen_by"] == "hand"


def test_it_takes_the_music_back_from_somebody_else(
    harness: Harness, settings: Settings, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    client = library.client()
    client.clear()
    client.add("neutral/01.ogg")
    client.play()
    eventually(lambda: harness.status()["stepped_back"])
    plays(harness, "Jazz")  # until the box knows it, this would be another takeover
    set_mood(settings, Mood.SAD)
    plays(harness, "Blues")


def test_with_the_camera_off_the_glow_is_in_its_light_and_switching_on_does_not_end_it(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    with harness_for(settings, camera) as harness:
        ask(settings.service.socket_path(), protocol.Camera(to="off"))
        ask(settings.service.socket_path(), "press")
        set_mood(settings, Mood.SAD)
        eventually(lambda: harness.state.shown == (Indication.CAMERA_OFF, Mood.SAD))
        opened = camera.opened
        ask(settings.service.socket_path(), protocol.Camera(to="on"))
        shows(harness, Indication.BY_HAND)
        assert camera.opened == opened


@pytest.mark.parametrize("mood", Mood)
def test_every_mood_can_be_chosen_whatever_the_model_tells(
    harness: Harness, settings: Settings, mood: Mood
) -> None:
    set_mood(settings, mood)
    eventually(lambda: harness.status()["playing"] == "play" and harness.status()["chosen_for"] == {mood: 1})


def test_the_word_on_the_last_look_comes_after_it(harness: Harness, settings: Settings) -> None:
    plays(harness, "Disco")
    set_mood(settings, Mood.SAD)
    plays(harness, "Blues")
    ask(settings.service.socket_path(), protocol.Was(mood=Mood.NEUTRAL))
    plays(harness, "Jazz")
    shows(harness, Indication.MOOD)
