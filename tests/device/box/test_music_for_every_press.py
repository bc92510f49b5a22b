"""A press always ends in music: whatever the look finds, and even if it finds nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec
import numpy as np

from device.box.state import Activity
from device.config.settings import Model, Panel, Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.panel.lights import Indication
from device.vision.frame import Frame
from device.vision.pictures import read_picture
from tests.device.box.helpers import EndlessCamera, PictureSequence, plays, shows
from tests.device.conftest import HAPPY
from tests.waiting import eventually


class Room(EndlessCamera):
    """A camera without end, unless it is `over`: no real one is still and then moves."""

    over = False

    def __init__(self, *pictures: Path | None) -> None:
        self.pictures = pictures
        self.shift = 0
        self.steps = 0
        self.begins: threading.Event | None = None

    def read(self) -> Frame | None:
        time.sleep(0.02)
        if self.over:
            return None
        if self.begins:
            self.begins.wait(60)
        picture = self.pictures[self.steps % len(self.pictures)]
        self.steps += 1
        if picture is None:
            return np.full((240, 320), 120, np.uint8)
        return np.roll(read_picture(picture), self.shift, axis=1)


def silent(harness: Harness, seconds: float = 1.5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if harness.status()["playing"] == "play":
            return False
        time.sleep(0.05)
    return True


def test_an_unsure_look_after_a_press_plays_and_the_lights_stay_truthful(
    unsure: Settings, library: PrivateMpd
) -> None:
    with harness_for(unsure, PictureSequence(HAPPY)) as harness:
        shows(harness, Indication.UNSURE)
        harness.press()
        plays(harness, "Disco")
        status = harness.status()
        assert (status["chosen_by"], status["mood"]) == ("unsure", None)
        assert max(status["chosen_for"], key=status["chosen_for"].get) == "happy"
        shows(harness, Indication.UNSURE)


def test_at_the_start_an_unsure_face_that_does_not_move_starts_no_music(
    unsure: Settings, library: PrivateMpd
) -> None:
    """A picture on the wall must not start the music."""
    with harness_for(unsure, Room(HAPPY)) as harness:
        shows(harness, Indication.UNSURE)
        assert silent(harness)


def test_at_the_start_an_unsure_face_that_moves_starts_the_music_and_the_search_ends(
    unsure: Settings, library: PrivateMpd
) -> None:
    room = Room(HAPPY)
    with harness_for(unsure, room) as harness:
        shows(harness, Indication.UNSURE)
        room.shift = 30
        plays(harness, "Disco")
        assert harness.status()["chosen_by"] == "unsure"
        eventually(lambda: not harness.state.searching)


def test_a_press_before_an_empty_room_plays_for_a_neutral_mood(
    settings: Settings, library: PrivateMpd, wall: Path
) -> None:
    with harness_for(settings, PictureSequence(wall)) as harness:
        shows(harness, Indication.NO_FACE)
        assert silent(harness, 0.5)
        harness.press()
        plays(harness, "Jazz")
        assert harness.status()["chosen_by"] == "neutral"
        shows(harness, Indication.NO_FACE)


def test_a_press_before_an_empty_room_goes_on_with_what_was_last(
    harness: Harness, camera: PictureSequence, library: PrivateMpd, wall: Path
) -> None:
    plays(harness, "Disco")
    camera.paths = [wall]
    library.client().stop()
    eventually(lambda: harness.status()["playing"] == "stop")
    harness.press()
    plays(harness, "Disco")
    assert harness.status()["chosen_by"] == "last"


def test_a_press_without_a_camera_plays(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    camera.missing = True
    with harness_for(settings, camera) as harness:
        eventually(lambda: harness.status()["trouble"].get("camera"))
        harness.press()
        plays(harness, "Jazz")
        assert harness.status()["trouble"]["camera"]


def test_a_press_without_a_model_plays(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, tmp_path: Path
) -> None:
    missing = msgspec.structs.replace(settings, model=Model(path=str(tmp_path / "missing.tflite")))
    with harness_for(missing, camera) as harness:
        shows(harness, Indication.TROUBLE)
        harness.press()
        plays(harness, "Jazz")


def test_a_camera_that_hangs_after_a_press_costs_the_look_and_not_the_music(
    settings: Settings, library: PrivateMpd
) -> None:
    room = Room(HAPPY)
    room.begins = threading.Event()
    look = msgspec.structs.replace(settings.look, seconds=0.5)
    with harness_for(msgspec.structs.replace(settings, look=look), room) as harness:
        shows(harness, Indication.LOOKING)
        harness.press()
        plays(harness, "Jazz")
        shows(harness, Indication.LOOKING)
        room.begins.set()
        plays(harness, "Disco")  # the look has ended after all
        shows(harness, Indication.MOOD)


def test_music_that_is_paused_while_the_camera_hangs_stays_paused_when_the_look_ends(
    settings: Settings, library: PrivateMpd
) -> None:
    room = Room(None)
    room.begins = threading.Event()
    look = msgspec.structs.replace(settings.look, seconds=0.5)
    with harness_for(msgspec.structs.replace(settings, look=look), room) as harness:
        harness.press()
        plays(harness, "Jazz")
        library.client().pause(1)
        eventually(lambda: harness.status()["playing"] == "pause")
        room.begins.set()
        eventually(lambda: harness.state.activity is Activity.RESTING)
        assert silent(harness, 0.5)
        assert harness.status()["chosen_by"] == "neutral"


def test_music_begins_before_a_long_look_ends_and_the_song_plays_on_if_the_mood_is_the_same(
    settings: Settings, library: PrivateMpd
) -> None:
    look = msgspec.structs.replace(settings.look, seconds=60.0, readings=100_000)
    panel = Panel(double_press=0)
    room = Room(HAPPY)
    room.over = True
    with harness_for(msgspec.structs.replace(settings, look=look, panel=panel), room) as harness:
        shows(harness, Indication.NO_FACE)
        room.over = False
        harness.press()
        plays(harness, "Disco")
        shows(harness, Indication.LOOKING)
        song = harness.status()["song"]
        room.over = True
        shows(harness, Indication.MOOD)
        time.sleep(0.3)
        assert harness.status()["song"] == song


def test_once_a_song_plays_an_unsure_look_lets_it_play(unsure: Settings, library: PrivateMpd) -> None:
    camera = PictureSequence(HAPPY)
    with harness_for(unsure, camera) as harness:
        shows(harness, Indication.UNSURE)
        harness.press()
        plays(harness, "Disco")
        eventually(lambda: harness.state.activity is Activity.RESTING)
        song, opened = harness.status()["song"], camera.opened
        harness.press()
        eventually(lambda: camera.opened > opened and harness.state.activity is Activity.RESTING)
        shows(harness, Indication.UNSURE)
        assert harness.status()["song"] == song


def test_two_quick_presses_bring_music_if_there_is_nothing_to_skip(
    settings: Settings, library: PrivateMpd, wall: Path
) -> None:
    with harness_for(settings, PictureSequence(wall)) as harness:
        shows(harness, Indication.NO_FACE)
        harness.double_press()
        plays(harness, "Jazz")
