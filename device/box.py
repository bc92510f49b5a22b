"""The box itself: one queue of events, one consumer, one state. Here, and only here, the parts meet.

Button, camera, MPD, control socket and signals only put events into the queue. The lights are a function of
the state.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from device import __version__, settings
from device.eyes.feed import Feed, FrameSeen, FramesEnded
from device.eyes.look import Eyes, Look
from device.mood import Mood, Outcome, Verdict
from device.music.jukebox import Jukebox, Stance
from device.music.librarian import ShelfFilled
from device.music.player import PlayerEvent
from device.panel.button import Edge, Gesture, Presses
from device.panel.lights import Lights, Sign
from device.power import Power, PowerStays
from device.service import Notifier, Question, Stop
from device.start import Start

log = logging.getLogger(__name__)

LOADING = 30.0  # seconds to the first frame of all: before it a camera's library loads, slowly on a small Pi
OPENING = 10.0  # seconds to the first frame of any later look
LATE = 2.0  # seconds between two frames that are too many
SEARCH_PAUSE = 0.2  # seconds between two frames while nobody is there
CAMERA_PAUSE = 5.0  # seconds until a camera that failed is tried again
"""The pauses hold while the box looks for its first face after the start; later it looks only when asked."""


class Activity(StrEnum):
    STARTING = "starting"
    LOOKING = "looking"
    RESTING = "resting"
    LEAVING = "leaving"  # the machine was asked to switch itself off
    STOPPING = "stopping"


Event = Edge | Stop | Question | FrameSeen | FramesEnded | PlayerEvent | ShelfFilled | PowerStays


@dataclass(frozen=True)
class State:
    """All that the lights and `moodbox status` depend on.

    searching: the box has just started, and looks until it can name a mood.
    """

    activity: Activity = Activity.STARTING
    searching: bool = True
    verdict: Verdict | None = None
    gesture: Gesture | None = None
    paused: bool = False
    trouble: tuple[tuple[str, str], ...] = ()

    @property
    def mood(self) -> Mood | None:
        return self.verdict.mood if self.verdict else None


def sign_of(state: State) -> tuple[Sign, Mood | None]:
    """What the lights show, and in which mood's light (None: in all)."""
    verdict = state.verdict
    waiting = state.searching and verdict is not None
    match state:
        case State(activity=Activity.STOPPING):
            return Sign.OFF, None
        case State(gesture=Gesture.HELD_LONG) | State(activity=Activity.LEAVING, gesture=None):
            return Sign.GOING_OFF, None
        case State(gesture=Gesture.HELD):
            return Sign.HELD, None
        case State(gesture=Gesture.DOWN):
            return Sign.PRESSED, None
        case State(activity=Activity.STARTING):
            return Sign.STARTING, None
        case State(activity=Activity.LOOKING) if not waiting:
            return Sign.LOOKING, None
    if state.trouble:
        return Sign.TROUBLE, state.mood
    if state.paused:
        return Sign.PAUSED, state.mood
    if verdict is None:
        return Sign.STARTING, None
    return Sign(verdict.outcome), state.mood


class Box:
    """Put together by `assembly.open_box`; `run` returns when a Stop has come.

    Without eyes (its model is in trouble) it never looks, and is a box with a button and music.
    """

    def __init__(
        self,
        *,
        events: SimpleQueue[Event],
        rules: settings.Look,
        presses: Presses,
        is_down: Callable[[], bool],
        lights: Lights,
        eyes: Eyes | None,
        feed: Feed,
        jukebox: Jukebox,
        power: Power,
        notifier: Notifier,
        start: Start,
        trouble: dict[str, str],
    ) -> None:
        self._events = events
        self._rules = rules
        self._presses = presses
        self._is_down = is_down
        self._lights = lights
        self._eyes = eyes
        self._feed = feed
        self._jukebox = jukebox
        self._power = power
        self._notifier = notifier
        self._start = start
        self._trouble = trouble
        self._timers: dict[Callable[[], None], float] = {}
        self._look = self._new_look()
        self._look_number = 0
        self._look_asked = 0.0
        self._opening = LOADING
        self._pressed = False  # since the start
        self._shown: tuple[Sign, Mood | None] | None = None
        self._since = datetime.now(UTC)
        self.state = State(trouble=tuple(trouble.items()))

    def run(self) -> None:
        self._notifier.tell("READY=1")
        self._start.done("rest")
        log.info("start: ready after %s", self._start)
        if self._notifier.watchdog:
            self._feed_watchdog()
        self._start_look()
        while self.state.activity is not Activity.STOPPING:
            self._turn()
        self._notifier.tell("STOPPING=1")
        self._feed.stop()

    def _turn(self) -> None:
        wait = min(self._timers.values(), default=monotonic() + 3600) - monotonic()
        with contextlib.suppress(Empty):
            self._handle(self._events.get(timeout=max(0, wait)))
            for _ in range(self._events.qsize()):  # a button's edge that waits comes before its timer
                self._handle(self._events.get_nowait())
        if self.state.activity is Activity.STOPPING:
            self._timers.clear()  # whatever was due would be another beginning
        now = monotonic()
        for action in list(self._timers):
            if self._timers.get(action, now + 1) <= now:  # an action before may have called this one off
                del self._timers[action]
                action()
        self._show()

    def _handle(self, event: Event) -> None:
        match event:
            case Edge():
                self._heed(self._presses.hear(event))
            case FrameSeen(look, frame) if self._eyes and look == self._look_number:
                self._see(self._eyes, frame)
            case FramesEnded(look, error) if look == self._look_number:
                self._frames_ended(error)
            case FrameSeen() | FramesEnded():
                pass  # of an earlier look
            case Question():
                event.answer.put(self._answer(event.verb))
            case Stop():
                self._change(activity=Activity.STOPPING)
            case PowerStays(reason):
                self._power_stays(reason)
            case _:
                self._jukebox.hear(event)

    # The button

    def _sample_button(self) -> None:
        self._heed(self._presses.sample(self._is_down(), monotonic()))

    def _heed(self, gestures: list[Gesture]) -> None:
        for gesture in gestures:
            match gesture:
                case Gesture.DOWN | Gesture.HELD | Gesture.HELD_LONG:
                    # Nothing but the lights yet: what they say is what letting go now will do.
                    self._change(gesture=gesture)
                case Gesture.PRESS:
                    self._change(gesture=None)
                    self._press()
                case Gesture.TWICE:
                    self._change(gesture=None)
                    self._jukebox.skip()
                case Gesture.LET_GO:
                    self._change(gesture=None)
                    self._jukebox.toggle()
                case Gesture.OFF:
                    self._change(gesture=None)
                    self._switch_off()
        if self._presses.due is None:
            self._timers.pop(self._sample_button, None)
        else:
            self._timers[self._sample_button] = self._presses.due

    def _press(self) -> None:
        self._trouble.pop("power", None)  # it was seen
        self._pressed = True
        self._change(verdict=None)
        self._start_look()

    def _switch_off(self) -> None:
        log.info("the button was held for long: asking logind to switch off")
        self._trouble.pop("power", None)
        self._rest()
        self._change(activity=Activity.LEAVING)
        self._power.off()

    def _power_stays(self, reason: str) -> None:
        log.warning("power: %s", reason)
        self._trouble["power"] = reason
        if self.state.activity is Activity.LEAVING:
            self._rest()

    # A look

    def _new_look(self) -> Look:
        threshold = self._eyes.card.threshold if self._eyes else 1.0
        return Look(self._rules, threshold, started=monotonic())

    def _start_look(self) -> None:
        if self._eyes is None:
            self._rest()
            return
        self._forget_look()
        self._change(activity=Activity.LOOKING)
        self._look_asked = monotonic()
        self._look = self._new_look()
        self._look_number = self._feed.start()
        self._timers[self._camera_late] = monotonic() + self._opening

    def _see(self, eyes: Eyes, frame: Any) -> None:
        self._timers.pop(self._camera_late, None)
        self._opening = OPENING
        if not self._look.glances:
            self._trouble.pop("camera", None)
            self._look.started = monotonic()
            self._timers[self._end_look] = self._look.ends
        glance = self._look.take(eyes, frame)
        if self._look.decided() or monotonic() >= self._look.ends:
            self._end_look()
        elif self.state.searching and glance.face is None and self.state.verdict:
            self._timers[self._next_frame] = monotonic() + SEARCH_PAUSE
        else:
            self._next_frame()

    def _next_frame(self) -> None:
        self._timers[self._camera_late] = monotonic() + LATE
        self._feed.next()

    def _camera_late(self) -> None:
        self._frames_ended("the camera gives no frames: is its cable in?")

    def _frames_ended(self, error: str | None) -> None:
        if error is None:
            self._end_look(more=False)
            return
        if self._trouble.get("camera") != error:
            log.warning("camera: %s", error)
        self._trouble["camera"] = error
        if self._look.glances:
            self._end_look(more=False)
        else:
            self._rest()
            if self.state.searching:
                self._timers[self._start_look] = monotonic() + CAMERA_PAUSE

    def _end_look(self, more: bool = True) -> None:
        """The time is up, the readings agree, or the frames are through (then there are no more)."""
        self._timers.pop(self._end_look, None)
        verdict = self._look.verdict()
        self._log_look(verdict)
        searching = self.state.searching and verdict.mood is None
        self._change(verdict=verdict, searching=searching)
        if verdict.mood:
            self._jukebox.play(verdict.mood, invited=self._pressed)
        if not searching:
            self._rest()
        elif more:
            self._look = self._new_look()
            self._look_asked = monotonic()
            self._next_frame()
        else:
            self._rest()
            self._timers[self._start_look] = monotonic() + CAMERA_PAUSE

    def _rest(self) -> None:
        """The camera is closed until the box is asked to look again."""
        self._forget_look()
        self._feed.stop()
        self._change(activity=Activity.RESTING)

    def _forget_look(self) -> None:
        self._look_number = -1
        for timer in (self._camera_late, self._end_look, self._next_frame, self._start_look):
            self._timers.pop(timer, None)

    def _log_look(self, verdict: Verdict) -> None:
        before = self.state.verdict
        if self.state.searching and before == verdict and verdict.outcome is Outcome.NO_FACE:
            return  # nobody is there yet: said once
        glances = self._look.glances
        seconds = monotonic() - self._look_asked
        find = 1000 * sum(g.find_time for g in glances) / max(1, len(glances))
        read = 1000 * sum(g.read_time for g in glances) / max(1, verdict.readings)
        log.info(
            "look: %s %.2f, %d readings of %d frames in %.2f s (find %.1f ms, read %.1f ms each)",
            verdict.mood or verdict.outcome,
            verdict.confidence,
            verdict.readings,
            len(glances),
            seconds,
            find,
            read,
            extra={
                "MOODBOX_VERDICT": str(verdict.outcome),
                "MOODBOX_MOOD": str(verdict.mood or ""),
                "MOODBOX_CONFIDENCE": f"{verdict.confidence:.3f}",
                "MOODBOX_READINGS": str(verdict.readings),
                "MOODBOX_SECONDS": f"{seconds:.3f}",
                "MOODBOX_FIND_MS": f"{find:.1f}",
                "MOODBOX_READ_MS": f"{read:.1f}",
            },
        )

    # What it tells

    def _change(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def _show(self) -> None:
        """Brings the lights, and systemd, up to the state."""
        snapshot = self._jukebox.snapshot
        trouble = self._trouble | self._jukebox.trouble
        paused = snapshot is not None and snapshot.state == "pause"
        self._change(paused=paused, trouble=tuple(sorted(trouble.items())))
        shown = sign_of(self.state)
        if shown != self._shown:
            self._shown = shown
            self._since = datetime.now(UTC)
            self._lights.show(*shown)
            self._notifier.tell(f"STATUS={self._headline()}")

    def _headline(self) -> str:
        sign, mood = self._shown or sign_of(self.state)
        return "; ".join([str(mood or sign), *(f"{part}: {what}" for part, what in self.state.trouble)])

    def _answer(self, verb: str) -> dict[str, Any]:
        if verb == "press":
            self._press()
            return {"ok": True}
        if verb == "skip":
            return {"ok": True} if self._jukebox.skip() else {"error": "no song plays that could be skipped"}
        verdict, snapshot = self.state.verdict, self._jukebox.snapshot
        sign, _ = self._shown or sign_of(self.state)
        return {
            "state": str(sign),
            "mood": self.state.mood,
            "confidence": round(verdict.confidence, 3) if verdict else None,
            "playing": snapshot.state if snapshot else None,
            "song": snapshot.title if snapshot and snapshot.state != "stop" else None,
            "stepped_back": self._jukebox.stance is Stance.BACK,
            "since": self._since.isoformat(timespec="seconds"),
            "start": {part: round(seconds, 3) for part, seconds in self._start.parts.items()},
            "version": __version__,
            "trouble": dict(self.state.trouble),
        }

    def _feed_watchdog(self) -> None:
        self._notifier.tell("WATCHDOG=1")
        self._timers[self._feed_watchdog] = monotonic() + (self._notifier.watchdog or 3600)
