"""The whole box: real model, real MPD, gpiozero's mock pins, a real finger's edges on the button's pin."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec
import pytest
from gpiozero import Device

from device.box.state import Activity, State, indication_of
from device.config.settings import DEFAULT_MODEL, Model, Panel, Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import CameraError, ServiceError
from device.mood import Decision, Mood, Outcome
from device.panel.button import Gesture
from device.panel.lights import Indication
from device.playback.memory import Memory
from device.system.control_socket import ask
from device.vision.camera import Camera, PictureCamera
from device.vision.frame import Frame
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY, NEUTRAL, AddSong
from tests.waiting import eventually

SEEN = Decision(Outcome.MOOD, Mood.SAD, 0.9)
UNSURE = Decision(Outcome.UNSURE, confidence=0.4)
NOBODY = Decision(Outcome.NO_FACE)
TROUBLE = (("player", "gone"),)
LOOKING, RESTING = Activity.LOOKING, Activity.RESTING


@pytest.mark.parametrize(
    ("state", "sign", "mood"),
    [
        (State(), Indication.STARTING, None),
        (State(LOOKING), Indication.LOOKING, None),
        (State(LOOKING, decision=NOBODY), Indication.NO_FACE, None),  # after the start it goes on looking
        (State(LOOKING, decision=UNSURE), Indication.UNSURE, None),
        (State(LOOKING, searching=False), Indication.LOOKING, None),
        (State(RESTING, searching=False, decision=SEEN), Indication.MOOD, Mood.SAD),
        (State(RESTING, searching=False, decision=UNSURE), Indication.UNSURE, None),
        (State(RESTING, searching=False, decision=NOBODY), Indication.NO_FACE, None),
        (State(RESTING, searching=False, decision=SEEN, trouble=TROUBLE), Indication.TROUBLE, Mood.SAD),
        (State(RESTING, searching=False, decision=NOBODY, trouble=TROUBLE), Indication.TROUBLE, None),
        (State(RESTING, searching=True, trouble=TROUBLE), Indication.TROUBLE, None),
        (State(LOOKING, searching=False, trouble=TROUBLE), Indication.LOOKING, None),
        (State(RESTING, searching=False, decision=SEEN, paused=True), Indication.PAUSED, Mood.SAD),
        (State(RESTING, decision=SEEN, gesture=Gesture.DOWN), Indication.PRESSED, None),
        (State(RESTING, decision=SEEN, gesture=Gesture.HOLD, paused=True), Indication.HELD, None),
        (State(RESTING, decision=SEEN, gesture=Gesture.LONG_HOLD), Indication.GOING_OFF, None),
        (
            State(Activity.LEAVING, searching=False, decision=SEEN, trouble=TROUBLE),
            Indication.GOING_OFF,
            None,
        ),
        (
            State(Activity.STOPPING, decision=SEEN, trouble=TROUBLE, gesture=Gesture.HOLD),
            Indication.OFF,
            None,
        ),
    ],
)
def test_the_lights_are_a_function_of_the_state(
    state: State, indication: Indication, mood: Mood | None
) -> None:
    assert indication_of(state) == (indication, mood)


class Pages:
    """A camera on one picture for each look, that can also be missing, or hang."""

    def __init__(self, *paths: Path) -> None:
        self.paths = list(paths)
        self.missing = False
        self.opened = 0

    def __call__(self) -> Camera:
        self.opened += 1
        if self.missing:
            raise CameraError("the cable is out")
        path = self.paths[0] if len(self.paths) == 1 else self.paths.pop(0)
        return PictureCamera([path] * 3)


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """A picture without anybody."""
    import cv2
    import numpy as np

    path = tmp_path / "wall.png"
    path.write_bytes(cv2.imencode(".png", np.full((240, 320), 120, np.uint8))[1].tobytes())
    return path


@pytest.fixture
def camera() -> Pages:
    return Pages(HAPPY)


@pytest.fixture
def harness(settings: Settings, camera: Pages, library: PrivateMpd) -> Iterator[Harness]:
    with harness_for(settings, camera) as made:
        yield made


def lit(harness: Harness) -> set[Mood]:
    return {mood for mood, level in harness.lights().items() if level == 1}


def shows(harness: Harness, indication: Indication) -> None:
    eventually(lambda: harness.status()["state"] == indication)


def plays(harness: Harness, genre: str) -> None:
    eventually(lambda: harness.status()["playing"] == "play" and genre in harness.status()["song"])


def test_at_start_it_looks_sees_a_face_shows_its_mood_and_plays(harness: Harness, camera: Pages) -> None:
    plays(harness, "Disco")
    assert lit(harness) == {Mood.HAPPY}
    assert harness.status()["mood"] == "happy"
    assert camera.opened == 1


def test_then_it_sleeps_with_the_camera_closed(harness: Harness, camera: Pages) -> None:
    plays(harness, "Disco")
    time.sleep(0.3)
    assert harness.state.activity is RESTING
    assert camera.opened == 1


def test_a_press_makes_it_look_again(harness: Harness, camera: Pages) -> None:
    plays(harness, "Disco")
    camera.paths = [NEUTRAL]
    harness.press()
    plays(harness, "Jazz")
    assert lit(harness) == {Mood.NEUTRAL}


def test_the_lights_answer_while_the_button_is_still_down(harness: Harness) -> None:
    plays(harness, "Disco")
    pin = Device.pin_factory.pin(Panel().button)
    pin.drive_low()
    shows(harness, Indication.PRESSED)
    pin.drive_high()
    shows(harness, Indication.MOOD)


def test_holding_pauses_with_a_cue_and_holding_again_goes_on(harness: Harness) -> None:
    plays(harness, "Disco")
    pin = Device.pin_factory.pin(Panel().button)
    for state, indication in (("pause", Indication.PAUSED), ("play", Indication.MOOD)):
        pin.drive_low()
        shows(harness, Indication.HELD)
        assert lit(harness) == {Mood.HAPPY, Mood.NEUTRAL, Mood.SAD}
        pin.drive_high()
        shows(harness, indication)
        assert harness.status()["playing"] == state


def test_a_hold_does_nothing_until_it_is_let_go(harness: Harness) -> None:
    plays(harness, "Disco")
    pin = Device.pin_factory.pin(Panel().button)
    pin.drive_low()
    shows(harness, Indication.HELD)
    assert harness.status()["playing"] == "play"
    pin.drive_high()
    shows(harness, Indication.PAUSED)


def test_a_very_long_hold_asks_logind_to_switch_off_and_leaves_the_music_as_it_was(
    settings: Settings, library: PrivateMpd, camera: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody listens on this bus, so that the machine of the test stays on. tests/deploy switches one off."""
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


def test_a_press_while_paused_looks_and_plays(harness: Harness) -> None:
    plays(harness, "Disco")
    harness.press(0.7)
    shows(harness, Indication.PAUSED)
    harness.press()
    plays(harness, "Disco")
    shows(harness, Indication.MOOD)


def test_two_quick_presses_skip_the_song_and_no_look_is_taken(
    harness: Harness, camera: Pages, settings: Settings
) -> None:
    plays(harness, "Disco")
    song = harness.status()["song"]
    harness.double_press()
    eventually(lambda: harness.status()["song"] not in (song, None))
    plays(harness, "")
    shows(harness, Indication.MOOD)
    assert camera.opened == 1
    memory = Memory.open(settings.service.state_path())
    assert [(tally.heard, tally.skipped) for tally in memory.play_statistics(Mood.HAPPY).songs.values()] == [
        (0, 1)
    ]
    memory.close()


def test_between_two_presses_the_lights_stay_as_the_first_has_made_them(harness: Harness) -> None:
    plays(harness, "Disco")
    harness.press()
    shows(harness, Indication.PRESSED)
    shows(harness, Indication.MOOD)


def test_skipping_over_the_socket_is_the_same_and_says_if_there_is_nothing_to_skip(
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


def test_while_somebody_plays_their_own_it_shows_the_mood_and_waits_for_its_button(
    settings: Settings, camera: Pages, library: PrivateMpd
) -> None:
    user = library.client()
    user.add("sad/01.ogg")
    user.play()
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.MOOD)
        eventually(lambda: harness.status()["stepped_back"])
        assert lit(harness) == {Mood.HAPPY}
        assert "Blues" in harness.status()["song"]
        harness.press()
        plays(harness, "Disco")
        assert not harness.status()["stepped_back"]
        user.clear()
        eventually(lambda: harness.status()["stepped_back"])
        assert harness.status()["playing"] == "stop"


def test_nobody_there_is_shown_and_the_music_plays_on(harness: Harness, camera: Pages, wall: Path) -> None:
    plays(harness, "Disco")
    camera.paths = [wall]
    harness.press()
    shows(harness, Indication.NO_FACE)
    assert harness.status()["playing"] == "play"


def test_after_the_start_it_looks_until_somebody_comes(
    settings: Settings, library: PrivateMpd, wall: Path
) -> None:
    arrived = threading.Event()

    class Door:
        """A camera that never ends: a wall, until somebody comes in."""

        def __enter__(self) -> Door:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read(self):  # type: ignore[no-untyped-def]
            return PictureCamera([HAPPY if arrived.is_set() else wall]).read()

    quick = msgspec.structs.replace(settings, look=msgspec.structs.replace(settings.look, seconds=0.2))
    with harness_for(quick, Door) as harness:
        shows(harness, Indication.NO_FACE)
        assert harness.state.activity is LOOKING
        arrived.set()
        plays(harness, "Disco")


def test_a_missing_camera_is_shown_and_found_again_by_a_press(
    settings: Settings, library: PrivateMpd, camera: Pages
) -> None:
    camera.missing = True
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert harness.status()["trouble"] == {"camera": "the cable is out"}
        camera.missing = False
        harness.press()
        plays(harness, "Disco")
        assert harness.status()["trouble"] == {}


def test_a_camera_that_is_missing_at_the_start_is_found_by_itself_once_it_is_there(
    settings: Settings, library: PrivateMpd, camera: Pages
) -> None:
    camera.missing = True
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        camera.missing = False
        plays(harness, "Disco")
        shows(harness, Indication.MOOD)


def test_a_camera_that_fails_later_leaves_the_music_playing(harness: Harness, camera: Pages) -> None:
    plays(harness, "Disco")
    camera.missing = True
    harness.press()
    shows(harness, Indication.TROUBLE)
    assert harness.status()["playing"] == "play"


class Slow:
    """A camera that takes its time to open, and can stop giving frames."""

    opening = 0.3
    frames = 100

    def __enter__(self) -> Self:
        time.sleep(self.opening)
        self.left = self.frames
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> Frame:
        time.sleep(0.05)
        self.left -= 1
        if self.left < 0:
            time.sleep(3)
        return read_picture(HAPPY)


def test_a_press_during_a_look_is_a_look_of_its_own(settings: Settings, library: PrivateMpd) -> None:
    look = msgspec.structs.replace(settings.look, readings=50, seconds=0.6)
    panel = Panel(double_press=0.1)
    with harness_for(msgspec.structs.replace(settings, look=look, panel=panel), Slow) as harness:
        plays(harness, "Disco")
        for _ in range(3):
            harness.press()
            time.sleep(0.45)  # the look before has begun, and its time is nearly up
        eventually(lambda: harness.state.activity is RESTING)
        assert harness.state.mood is Mood.HAPPY


def test_a_camera_that_hangs_in_a_look_is_trouble(settings: Settings, library: PrivateMpd) -> None:
    class Hanging(Slow):
        frames = 2

    look = msgspec.structs.replace(settings.look, readings=5)
    with harness_for(msgspec.structs.replace(settings, look=look), Hanging) as harness:
        shows(harness, Indication.TROUBLE)
        assert "gives no frames" in harness.status()["trouble"]["camera"]


def test_a_camera_may_take_its_time_at_the_first_look_and_not_later(
    settings: Settings, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.box.box.OPENING", 0.1)
    with harness_for(settings, Slow) as harness:
        plays(harness, "Disco")
        assert "camera" not in harness.status()["trouble"]
        harness.press()
        shows(harness, Indication.TROUBLE)
        assert "gives no frames" in harness.status()["trouble"]["camera"]


def test_without_mpd_it_says_so_goes_on_looking_and_plays_once_mpd_is_there(
    settings: Settings, library: PrivateMpd, camera: Pages
) -> None:
    library.stop()
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert harness.status()["mood"] == "happy"
        camera.paths = [NEUTRAL]
        harness.press()
        eventually(lambda: harness.status()["mood"] == "neutral")
        library.start()
        plays(harness, "Jazz")
        shows(harness, Indication.MOOD)


def test_an_mpd_that_hangs_is_said_and_plays_on_once_it_answers(
    harness: Harness, camera: Pages, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    os.kill(library.pid, signal.SIGSTOP)
    camera.paths = [NEUTRAL]
    harness.press()
    eventually(lambda: "does not answer" in harness.status()["trouble"].get("player", ""))
    assert harness.status()["mood"] == "neutral"
    os.kill(library.pid, signal.SIGCONT)
    plays(harness, "Jazz")
    shows(harness, Indication.MOOD)


def test_an_empty_library_is_said_and_the_first_songs_play_once_mpd_knows_them(
    settings: Settings, camera: Pages, mpd: PrivateMpd, add_song: AddSong
) -> None:
    with harness_for(settings, camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert "has no songs" in harness.status()["trouble"]["library"]
        assert harness.status()["mood"] == "happy"
        add_song("first.ogg", genre="Disco", title="Disco 1")
        mpd.update()
        plays(harness, "Disco")
        shows(harness, Indication.MOOD)


def test_killing_mpd_ten_times_loses_no_look_and_leaves_it_playing(
    harness: Harness, camera: Pages, library: PrivateMpd
) -> None:
    chance = random.Random(7)
    plays(harness, "Disco")
    for turn in range(10):
        path, mood, genre = ((NEUTRAL, Mood.NEUTRAL, "Jazz"), (HAPPY, Mood.HAPPY, "Disco"))[turn % 2]
        camera.paths = [path]

        finger = threading.Thread(target=harness.press)
        finger.start()
        time.sleep(chance.uniform(0, 0.8))
        library.kill()
        time.sleep(chance.uniform(0, 0.4))
        library.start()  # here, since from 0.24 on MPD ends with the thread that has started it
        finger.join()
        eventually(lambda mood=mood: harness.state.mood is mood)  # type: ignore[misc]
        plays(harness, genre)
    shows(harness, Indication.MOOD)


def test_when_it_ends_the_lights_are_out_and_the_music_plays_on(
    settings: Settings, camera: Pages, library: PrivateMpd
) -> None:
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        pins = Device.pin_factory
    assert [float(pins.pin(pin).state) for pin in Panel().leds.values()] == [0, 0, 0]
    assert library.client().status()["state"] == "play"


def test_status_over_the_socket_says_it_all(harness: Harness) -> None:
    plays(harness, "Disco")
    status = harness.status()
    assert status["state"] == "mood"
    assert status["confidence"] > 0.5
    assert status["trouble"] == {}
    assert status["stepped_back"] is False
    assert list(status) == [
        *("state", "mood", "confidence", "playing", "song", "stepped_back", "since", "start", "version"),
        "trouble",
    ]


def test_a_panel_that_cannot_be_had_costs_the_lights_and_not_the_music(
    settings: Settings, camera: Pages, library: PrivateMpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    from queue import SimpleQueue
    from typing import Any

    from device.assembly import open_box
    from device.system.control_socket import Stop

    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    events: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        with open_box(settings, events, camera) as box:
            box.run()

    thread = threading.Thread(target=run)
    thread.start()
    socket = settings.service.socket_path()

    def status() -> dict[str, Any]:
        with contextlib.suppress(ServiceError):
            return ask(socket, "status")
        return {"playing": None}

    eventually(lambda: status()["playing"] == "play")
    assert "no GPIO pins" in status()["trouble"]["panel"]
    events.put(Stop())
    thread.join()


@pytest.mark.parametrize("left", [0, 1000, 100_000, None], ids=str)
def test_a_model_that_is_cut_off_or_missing_is_said_and_the_music_can_be_paused(
    settings: Settings, camera: Pages, library: PrivateMpd, tmp_path: Path, left: int | None
) -> None:
    path = tmp_path / "mine.tflite"
    shutil.copy(DEFAULT_MODEL.with_suffix(".json"), path.with_suffix(".json"))
    if left is not None:
        path.write_bytes(DEFAULT_MODEL.read_bytes()[:left])
    mpd = library.client()
    mpd.add("sad/01.ogg")
    mpd.play()
    with harness_for(msgspec.structs.replace(settings, model=Model(path=str(path))), camera) as harness:
        shows(harness, Indication.TROUBLE)
        assert harness.status()["trouble"].keys() == {"model"}
        assert str(path) in harness.status()["trouble"]["model"]
        harness.press()
        harness.press(settings.panel.hold + 0.3)
        eventually(lambda: harness.status()["playing"] == "pause")
        shows(harness, Indication.TROUBLE)
        assert camera.opened == 0


def test_a_mood_without_a_light_is_said_and_seen_on_all_lights(
    settings: Settings, camera: Pages, library: PrivateMpd
) -> None:
    panel = Panel(leds={Mood.NEUTRAL: 5, Mood.SAD: 6})
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        shows(harness, Indication.TROUBLE)
        assert "panel.leds: the model knows happy too" in harness.status()["trouble"]["settings"]


def test_a_table_of_places_that_is_broken_is_said_and_the_music_plays_by_the_boxs_own(
    settings: Settings, camera: Pages, library: PrivateMpd, tmp_path: Path
) -> None:
    (tmp_path / "places.toml").write_text("[genres\n")
    music = msgspec.structs.replace(settings.music, affects=str(tmp_path / "places.toml"))
    with harness_for(msgspec.structs.replace(settings, music=music), camera) as harness:
        plays(harness, "Disco")
        assert "places.toml: not valid TOML" in harness.status()["trouble"]["settings"]


def test_a_second_box_ends_at_once_and_the_first_goes_on(harness: Harness, settings: Settings) -> None:
    from queue import SimpleQueue

    from device.assembly import open_box

    with pytest.raises(ServiceError, match="a box runs already"), open_box(settings, SimpleQueue()):
        pass
    assert harness.status()["version"]
