"""When the box observes, and what follows: a real model, MPD and pin edges, on gpiozero's mock pins."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import msgspec
import pytest

from device.box.state import Activity
from device.config.settings import Model, Panel, Settings
from device.control.client import ask
from device.control.page_commands import Set
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.panel.lights import Indication
from device.vision import change
from device.vision.camera import PictureCamera
from device.vision.detector import FaceDetector
from device.vision.frame import Frame
from device.vision.pictures import read_picture
from tests.device.box.helpers import CameraOfSessions, PictureSequence, Shown, SlowCamera, lit, plays, shows
from tests.device.conftest import HAPPY, NEUTRAL
from tests.waiting import eventually


def test_at_the_start_it_observes_a_face_shows_its_mood_and_plays(
    harness: Harness, camera: PictureSequence
) -> None:
    plays(harness, "Disco")
    assert lit(harness) == {Mood.HAPPY}
    assert harness.status()["mood"] == "happy"
    assert camera.opened == 1


def test_a_model_of_seven_moods_works_with_the_usual_three_lights(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    with harness_for(msgspec.structs.replace(settings, model=Model(path="mood7")), camera) as harness:
        plays(harness, "Disco")
        shows(harness, Indication.MOOD)
        assert lit(harness) == {Mood.HAPPY}
        assert harness.status()["trouble"] == {}


def test_after_an_observation_the_camera_is_closed(harness: Harness, camera: PictureSequence) -> None:
    plays(harness, "Disco")
    time.sleep(0.3)
    assert harness.state.activity is Activity.RESTING
    assert camera.opened == 1


def test_a_press_starts_another_observation(harness: Harness, camera: PictureSequence) -> None:
    plays(harness, "Disco")
    camera.paths = [NEUTRAL]
    harness.press()
    plays(harness, "Jazz")
    assert lit(harness) == {Mood.NEUTRAL}


def test_a_press_during_an_observation_starts_another_one(settings: Settings, library: PrivateMpd) -> None:
    look = msgspec.structs.replace(settings.look, readings=50, seconds=0.6)
    panel = Panel(double_press=0.1)
    with harness_for(msgspec.structs.replace(settings, look=look, panel=panel), SlowCamera) as harness:
        plays(harness, "Disco")
        for _ in range(3):
            harness.press()
            time.sleep(0.45)  # the last observation has begun, and is nearly over
        eventually(lambda: harness.state.activity is Activity.RESTING and harness.state.mood is Mood.HAPPY)


@pytest.mark.parametrize("by_press", [True, False])
def test_a_look_during_which_the_camera_is_mounted_otherwise_goes_on_with_its_new_frames(
    settings: Settings, library: PrivateMpd, wall: Path, shown: Shown, by_press: bool
) -> None:
    look = msgspec.structs.replace(settings.look, seconds=1e3)
    camera = CameraOfSessions(*([HAPPY] if by_press else []), wall, NEUTRAL)
    with harness_for(msgspec.structs.replace(settings, look=look), camera) as harness:
        if by_press:
            plays(harness, "Disco")
            eventually(lambda: harness.state.activity is Activity.RESTING)
            harness.press()
        eventually(lambda: camera.paths == [NEUTRAL] and camera.reads > 2)
        ask(settings.service.socket_path(), Set(key="camera.mirror", value=True))
        plays(harness, "Jazz")
        shows(harness, Indication.MOOD)
        assert lit(harness) == {Mood.NEUTRAL}
        assert Indication.NO_FACE not in {indication for indication, _ in shown}


def test_nobody_there_is_shown_and_the_music_plays_on(
    harness: Harness, camera: PictureSequence, wall: Path
) -> None:
    plays(harness, "Disco")
    camera.paths = [wall]
    harness.press()
    shows(harness, Indication.NO_FACE)
    assert harness.status()["playing"] == "play"


def test_after_the_start_it_observes_until_somebody_comes(
    settings: Settings, library: PrivateMpd, wall: Path
) -> None:
    arrived = threading.Event()

    class Door:
        """A camera without end: it shows a wall until somebody comes in."""

        def __enter__(self) -> Door:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self):  # type: ignore[no-untyped-def]
            return PictureCamera([HAPPY if arrived.is_set() else wall]).read()

    quick = msgspec.structs.replace(settings, look=msgspec.structs.replace(settings.look, seconds=0.2))
    with harness_for(quick, Door) as harness:
        shows(harness, Indication.NO_FACE)
        assert harness.state.activity is Activity.LOOKING
        arrived.set()
        plays(harness, "Disco")


def test_pictures_that_end_between_two_looks_do_not_say_that_nobody_is_there(
    unsure: Settings, library: PrivateMpd, caplog: pytest.LogCaptureFixture
) -> None:
    """On a slow machine a look has time for one frame; the last one was that of the look before."""
    caplog.set_level(logging.INFO)
    slow = msgspec.structs.replace(unsure, look=msgspec.structs.replace(unsure.look, seconds=0.0))
    with harness_for(slow, PictureSequence(HAPPY)) as harness:
        eventually(lambda: caplog.text.count("look: unsure") == 3)
        eventually(lambda: harness.state.activity is Activity.RESTING)
        shows(harness, Indication.UNSURE)
    assert "no_face" not in caplog.text


def test_while_nobody_comes_faces_are_searched_for_less_often_than_frames_are_taken(
    settings: Settings, library: PrivateMpd, wall: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[Frame] = []
    searched: list[Frame] = []

    class EmptyRoom:
        """A camera without end."""

        def __enter__(self) -> EmptyRoom:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self) -> Frame:
            frames.append(read_picture(wall))
            return frames[-1]

    monkeypatch.setattr(change, "MAX_SEARCH_INTERVAL_S", 3600.0)  # however long the frames take
    monkeypatch.setattr(FaceDetector, "detect", lambda _, frame, previous, face_score: searched.append(frame))
    quick = msgspec.structs.replace(settings, look=msgspec.structs.replace(settings.look, seconds=0.2))
    with harness_for(quick, EmptyRoom) as harness:
        shows(harness, Indication.NO_FACE)
        taken, searches = len(frames), len(searched)
        eventually(lambda: len(frames) >= taken + 8)
        assert len(searched) <= searches + 4
