"""Stopping is final, and so is switching off until it is refused, whatever events follow."""

from __future__ import annotations

import threading
import typing
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.box.box import Box, Event
from device.box.commands.settings import SettingsRequests
from device.box.loop import Stop
from device.box.state import Activity, State, with_changes
from device.config.overlay import SettingsOverlay
from device.config.settings import Look, Model, Music, Panel
from device.control.command import Command
from device.control.protocol import COMMANDS, Press
from device.control.server import ENDING, Request
from device.errors import PowerError
from device.health import Health, Part, PartFailed, PartRecovered, ThreadDied
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import EMPTY_TABLE
from device.library.tag_affect import read_lexicon
from device.mood import Mood
from device.mpd.snapshot import Entry, Snapshot
from device.panel.button import Edge, Gesture, GestureRecognizer
from device.panel.controls import ControlPressed, VolumeTurned
from device.panel.encoder import EncoderEdge
from device.panel.lights import NoLights
from device.playback.controller import PlaybackController
from device.playback.memory import Memory
from device.playback.mpd_events import (
    LibraryChanged,
    MpdChanged,
    MpdConnected,
    MpdDisconnected,
    SongsFound,
    SongsQueued,
    SongsRefused,
)
from device.playback.mpd_worker import MpdWorker
from device.system.power import Power, PowerOffFailed
from device.system.startup_times import StartupTimes
from device.system.systemd import Notifier
from device.vision.camera import PictureCamera
from device.vision.cameras.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.cameras.switch import CameraSwitch
from device.vision.observation import FaceAnalyzer
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY
from tests.device.estimates import certain
from tests.waiting import eventually

OBSERVATION = 1  # the number of the first one, which begins as soon as the box runs
SONG = Entry(1, "sad/01.ogg")
PLAYING = Snapshot("play", (SONG,), SONG, "Blues 1")
PANEL = Panel()
FRAME = read_picture(HAPPY)

activities = st.sampled_from(Activity)


@given(now=activities, wanted=activities)
def test_no_activity_follows_stopping_and_only_resting_or_stopping_follow_powering_off(
    now: Activity, wanted: Activity
) -> None:
    after = with_changes(State(now), activity=wanted, paused=True)
    assert after.paused
    match now:
        case Activity.STOPPING:
            assert after.activity is Activity.STOPPING
        case Activity.POWERING_OFF if wanted not in (Activity.RESTING, Activity.STOPPING):
            assert after.activity is Activity.POWERING_OFF
        case _:
            assert after.activity is wanted


def held(seconds: float, began: float = -60) -> list[Edge]:
    """The edges of a button that was held for so long. An edge without a change only shows the time."""
    down = monotonic() + began
    up = down + seconds
    pressed = [Edge(True, down), Edge(True, down + 0.05), Edge(True, up - 0.01)]
    return [*pressed, Edge(False, up), Edge(False, up + 0.05), Edge(False, up + 1)]


PRESS, HOLD, LONG_HOLD = held(0.1), held(PANEL.hold + 1), held(PANEL.off + 1)
TWO_PRESSES = [*held(0.1)[:-1], *held(0.1, -59.8)]


@pytest.mark.parametrize(
    ("edges", "gestures"),
    [
        (PRESS, [Gesture.DOWN, Gesture.SINGLE_PRESS]),
        (TWO_PRESSES, [Gesture.DOWN, Gesture.DOWN, Gesture.DOUBLE_PRESS]),
        (HOLD, [Gesture.DOWN, Gesture.HOLD, Gesture.HOLD_RELEASED]),
        (LONG_HOLD, [Gesture.DOWN, Gesture.HOLD, Gesture.LONG_HOLD, Gesture.LONG_HOLD_RELEASED]),
    ],
)
def test_the_edges_of_this_file_make_the_gestures_that_they_are_named_after(
    edges: list[Edge], gestures: list[Gesture]
) -> None:
    recognizer = GestureRecognizer(PANEL.debounce, PANEL.hold, PANEL.double_press, PANEL.off)
    assert [gesture for edge in edges for gesture in recognizer.on_edge(edge)] == gestures


def example(command: type[Command]) -> Command:
    """A request with the arguments that must not be left out."""
    examples = {
        "mood": Mood.SAD,
        "uri": "song.ogg",
        "uris": ["song.ogg"],
        "key": "music.style",
        "what": "pair",
        "probabilities": {Mood.SAD: 1.0},
    }
    fields = msgspec.structs.fields(command)
    return command(**{field.name: examples[field.name] for field in fields if field.required})


BATCHES: dict[str, list[Any]] = {
    "a press": PRESS,
    "two presses": TWO_PRESSES,
    "a hold": HOLD,
    "a long hold": LONG_HOLD,
    "a frame": [FrameCaptured(OBSERVATION, FRAME)],
    "frames that end": [CaptureEnded(OBSERVATION)],
    "a camera that fails": [CaptureEnded(OBSERVATION, "it failed")],
    "MPD is there": [MpdConnected(PLAYING, 0.0)],
    "MPD is not reachable": [MpdDisconnected("not reachable")],
    "MPD has changed": [MpdChanged(PLAYING)],
    "the library has changed": [LibraryChanged(songs=True)],
    "songs are found": [SongsFound(certain(Mood.SAD), (), {})],
    "songs are queued": [SongsQueued(certain(Mood.SAD), (SONG,), play=True)],
    "songs are refused": [SongsRefused(certain(Mood.SAD), "no", play=True)],
    "the songs are known": [SongTableUpdated(EMPTY_TABLE, complete=True)],
    "switching off is refused": [PowerOffFailed("no")],
    "a part has failed": [PartFailed(Part.LIBRARIAN, "it failed", 2, 1.0)],
    "the player has failed for good": [PartFailed(Part.PLAYER, "it failed", 4, 1.0)],
    "a part has recovered": [PartRecovered(Part.LIBRARIAN)],
    "a thread has died": [ThreadDied("Thread-1", "gpiozero", OSError("not reachable"))],
    "the encoder's contact": [EncoderEdge(0, True, 1.0)],
    "the volume is turned": [VolumeTurned(2)],
    "next is pressed": [ControlPressed(Part.NEXT)],
    "another stop": [Stop()],
    "correct is pressed": [ControlPressed(Part.CORRECT)],
    **{f"the request {command.name}": [Request(example(command))] for command in COMMANDS},
}


def test_each_kind_of_event_is_among_them() -> None:
    kinds = {type(event) for batch in BATCHES.values() for event in batch}
    assert kinds == set(typing.get_args(Event))


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer(Model(), Look(readings=1))


def refuse() -> None:
    raise PowerError("logind does not switch off")


def box_of(analyzer: FaceAnalyzer, events: SimpleQueue[Any], ask_logind: Callable[[], None] = refuse) -> Box:
    """A box of real parts, without an MPD."""
    music, health, memory = Music(address="/nowhere/mpd.sock"), Health(), Memory.in_memory()
    return Box(
        events=events,
        rules=Look(readings=1),
        gesture_recognizer=GestureRecognizer(PANEL.debounce, PANEL.hold, PANEL.double_press, PANEL.off),
        is_down=lambda: False,
        lights=NoLights(),
        analyzer=analyzer,
        capture=Capture(lambda: PictureCamera([HAPPY]), events.put),
        camera_switch=CameraSwitch(Path("/nowhere")),
        playback=PlaybackController(
            music,
            MpdWorker(music, events.put),
            LibraryScanner(music, read_lexicon(), None, events.put),
            memory,
            np.random.default_rng(1),
            health,
        ),
        memory=memory,
        power=Power(events.put, ask_logind),
        notifier=Notifier(),
        startup=StartupTimes(),
        health=health,
        more_actions=SettingsRequests(SettingsOverlay(Path("/nowhere/moodbox.toml"))).actions,
    )


def run(box: Box) -> tuple[int | None, Activity]:
    """Run the box. Returns its exit code, None if it does not end, and its last activity."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(box.run()), daemon=True)
    thread.start()
    thread.join(timeout=60)
    return (codes[0] if codes else None), box.state.activity


@pytest.mark.parametrize("what", BATCHES)
def test_a_box_that_has_stopped_stays_stopped_whatever_events_follow(
    analyzer: FaceAnalyzer, what: str
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    for event in (Stop(), *BATCHES[what]):
        events.put(event)
    assert run(box_of(analyzer, events)) == (0, Activity.STOPPING)


batches = st.lists(st.sampled_from(sorted(BATCHES)), max_size=6)


@given(before=batches.filter(lambda names: "the player has failed for good" not in names), after=batches)
def test_a_box_stays_stopped_whatever_events_come_before_and_after(
    analyzer: FaceAnalyzer, before: list[str], after: list[str]
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    for name in before:
        for event in BATCHES[name]:
            events.put(event)
    events.put(Stop())
    for name in after:
        for event in BATCHES[name]:
            events.put(event)
    assert run(box_of(analyzer, events)) == (0, Activity.STOPPING)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_no_request_ends_the_box(analyzer: FaceAnalyzer, command: type[Command]) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    events.put(Request(example(command)))
    events.put(Stop())
    assert run(box_of(analyzer, events)) == (0, Activity.STOPPING)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_request_to_a_box_that_ends_gets_a_reply_at_once(
    analyzer: FaceAnalyzer, command: type[Command]
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    request = Request(example(command))
    events.put(Stop())
    events.put(request)
    run(box_of(analyzer, events))
    assert request.reply.get(0) == ENDING


def test_a_box_that_switches_the_machine_off_does_not_observe_unless_that_is_refused(
    analyzer: FaceAnalyzer,
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    refused = threading.Event()

    def wait_and_refuse() -> None:
        refused.wait(60)
        refuse()

    box = box_of(analyzer, events, wait_and_refuse)
    for event in [*LONG_HOLD, *PRESS, *LONG_HOLD]:
        events.put(event)
    thread = threading.Thread(target=box.run)
    thread.start()
    eventually(lambda: box.state.activity is Activity.POWERING_OFF)
    press = Request(Press())
    events.put(press)
    assert press.reply.get(timeout=60) == {"error": "the machine is switching itself off"}
    assert box.state.activity is Activity.POWERING_OFF
    refused.set()
    eventually(lambda: box.state.activity is Activity.RESTING)
    assert dict(box.state.trouble)["power"] == "logind does not switch off"
    events.put(Stop())
    thread.join()
