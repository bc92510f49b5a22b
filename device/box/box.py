"""The box itself: one queue of events, one consumer, one state. Here, and only here, the parts meet.

Button, camera, MPD, control socket and signals only put events into the queue. The lights are a function of
the state.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from device import __version__
from device.box.state import Activity, State, changed, indication_of
from device.config import settings
from device.library.scanner import SongTableUpdated
from device.mood import Decision, Mood, Outcome
from device.panel.button import Edge, Gesture, GestureRecognizer
from device.panel.lights import Indication, Lights
from device.playback.controller import ControlMode, PlaybackController
from device.playback.mpd_worker import MpdEvent
from device.supervision import (
    BROKEN,
    PATIENCE,
    RESTARTS,
    Ledger,
    Part,
    PartFailed,
    PartWell,
    Patience,
    ThreadDied,
    ends_the_box,
)
from device.system.control_socket import ENDING, Notifier, Question, Stop
from device.system.power import Power, PowerStays
from device.system.startup_times import StartupTimes
from device.vision.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.observation import FaceAnalyzer, Observation
from device.vision.observation_log import log_observation

log = logging.getLogger(__name__)

LOADING = 30.0  # seconds to the first frame of all: before it a camera's library loads, slowly on a small Pi
OPENING = 10.0  # seconds to the first frame of any later look
LATE = 2.0  # seconds between two frames that are too many
SEARCH_PAUSE = 0.2  # seconds between two frames while nobody is there
CAMERA_PAUSE = 5.0  # seconds until a camera that failed is tried again
"""The pauses hold while the box looks for its first face after the start; later it looks only when asked."""
LONGEST_WAIT = 3600.0  # seconds, where nothing is due

Event = (
    Edge | Stop | Question | FrameCaptured | CaptureEnded | MpdEvent | SongTableUpdated | PowerStays
    | PartFailed | PartWell | ThreadDied
)  # fmt: skip


class Box:
    """Put together by `assembly.open_box`; `run` returns when a Stop has come, or an error ends the box.

    Without eyes (its model is in trouble) it never looks, and is a box with a button and music.
    """

    def __init__(
        self,
        *,
        events: SimpleQueue[Event],
        rules: settings.Look,
        gesture_recognizer: GestureRecognizer,
        is_down: Callable[[], bool],
        lights: Lights,
        analyzer: FaceAnalyzer | None,
        capture: Capture,
        playback: PlaybackController,
        power: Power,
        notifier: Notifier,
        start: StartupTimes,
        trouble: dict[str, str],
        patience: Patience = PATIENCE,
    ) -> None:
        """trouble: what is known already, by part. patience: for lights that fail."""
        self._events = events
        self._rules = rules
        self._gesture_recognizer = gesture_recognizer
        self._is_down = is_down
        self._lights = lights
        self._analyzer = analyzer
        self._capture = capture
        self._playback = playback
        self._power = power
        self._notifier = notifier
        self._start = start
        self._trouble = trouble
        self._ledger = Ledger()
        self._lights_part = Part("lights", events.put, patience)
        self._exit_code = 0
        self._timers: dict[Callable[[], None], float] = {}
        self._look = self._new_look()
        self._look_number = 0
        self._look_asked = 0.0
        self._opening = LOADING
        self._pressed = False  # since the start
        self._shown: tuple[Indication, Mood | None] | None = None
        self._since = datetime.now(UTC)
        self.state = State(trouble=tuple(trouble.items()))

    def run(self) -> int:
        """Returns the exit code: 0 after a Stop, BROKEN where an error of moodbox's own has ended the box."""
        try:
            self._live()
        except Exception:
            log.critical("the box ends by an error of moodbox's own in its loop", exc_info=True)
            self._end(BROKEN)
        finally:
            self._notifier.tell("STOPPING=1")
            self._capture.stop()
        return self._exit_code

    def _live(self) -> None:
        self._notifier.tell("READY=1")
        self._start.done("rest")
        log.info("start: ready after %s", self._start)
        if self._notifier.watchdog:
            self._feed_watchdog()
        self._start_look()
        while self.state.activity is not Activity.STOPPING:
            self._turn()

    def _end(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._change(activity=Activity.STOPPING)

    def _turn(self) -> None:
        wait = min(self._timers.values(), default=math.inf) - monotonic()
        with contextlib.suppress(Empty):
            self._handle(self._events.get(timeout=min(max(0, wait), LONGEST_WAIT)))
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
        if self.state.activity is Activity.STOPPING:
            if isinstance(event, Question):
                event.answer.put(ENDING)
            return  # whatever came in behind the Stop would be another beginning
        match event:
            case Edge():
                self._heed(self._gesture_recognizer.on_edge(event))
            case FrameCaptured(look, frame) if self._analyzer and look == self._look_number:
                self._see(self._analyzer, frame)
            case CaptureEnded(look, error) if look == self._look_number:
                self._frames_ended(error)
            case FrameCaptured() | CaptureEnded():
                pass  # of an earlier look
            case Question():
                event.answer.put(self._answer(event.verb))
            case Stop():
                self._end(0)
            case PowerStays(reason):
                self._power_stays(reason)
            case PartFailed() | PartWell():
                self._heed_part(event)
            case ThreadDied():
                self._thread_died(event)
            case _:
                self._playback.hear(event)

    # The button

    def _sample_button(self) -> None:
        self._heed(self._gesture_recognizer.sample(self._is_down(), monotonic()))

    def _heed(self, gestures: list[Gesture]) -> None:
        for gesture in gestures:
            match gesture:
                case Gesture.DOWN | Gesture.HOLD | Gesture.LONG_HOLD:
                    # Nothing but the lights yet: what they say is what letting go now will do.
                    self._change(gesture=gesture)
                case Gesture.SINGLE_PRESS:
                    self._change(gesture=None)
                    if self.state.activity is not Activity.LEAVING:
                        self._press()
                case Gesture.DOUBLE_PRESS:
                    self._change(gesture=None)
                    self._playback.skip()
                case Gesture.HOLD_RELEASED:
                    self._change(gesture=None)
                    self._playback.toggle()
                case Gesture.LONG_HOLD_RELEASED:
                    self._change(gesture=None)
                    self._switch_off()
        if self._gesture_recognizer.next_sample is None:
            self._timers.pop(self._sample_button, None)
        else:
            self._timers[self._sample_button] = self._gesture_recognizer.next_sample

    def _press(self) -> None:
        self._trouble.pop("power", None)  # it was seen
        self._pressed = True
        self._change(decision=None)
        self._start_look()

    def _switch_off(self) -> None:
        if self.state.activity is Activity.LEAVING:
            return
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

    # The parts

    def _heed_part(self, event: PartFailed | PartWell) -> None:
        self._ledger.heed(event, monotonic())
        self._timers[self._forget_failures] = self._ledger.due
        if isinstance(event, PartFailed) and ends_the_box(event):
            log.critical(
                "the %s has failed after %d restarts: the box ends, and systemd starts it again",
                event.part,
                RESTARTS[event.part],
            )
            self._end(BROKEN)

    def _forget_failures(self) -> None:
        self._ledger.forget(monotonic())
        self._timers[self._forget_failures] = self._ledger.due

    def _thread_died(self, event: ThreadDied) -> None:
        if event.library == "gpiozero":  # what moves on the lights, and ends with the next sign anyway
            self._lights_failed(event.error)
        else:
            log.error("the thread %s has died", event.thread, exc_info=event.error)
            self._ledger.heed(event, monotonic())

    def _light(self) -> None:
        """Shows the present sign; pins that fail cost the lights, and not the music."""
        indication, mood = self._shown or indication_of(self.state)
        try:
            self._lights.show(indication, mood)
        except Exception as error:  # lgpio's own errors share no root with gpiozero's, nor with OSError
            self._lights_failed(error)

    def _lights_failed(self, error: BaseException) -> None:
        if self._light_again in self._timers:
            return  # each light has a thread, and one failure is enough
        self._timers[self._light_again] = monotonic() + self._lights_part.stopped(error)

    def _light_again(self) -> None:
        self._lights_part.begins()
        self._light()

    # A look

    def _new_look(self) -> Observation:
        threshold = self._analyzer.card.threshold if self._analyzer else 1.0
        return Observation(self._rules, threshold, started=monotonic())

    def _start_look(self) -> None:
        if self._analyzer is None:
            self._rest()
            return
        self._forget_look()
        self._change(activity=Activity.LOOKING)
        self._look_asked = monotonic()
        self._look = self._new_look()
        self._look_number = self._capture.start()
        self._timers[self._camera_late] = monotonic() + self._opening

    def _see(self, analyzer: FaceAnalyzer, frame: Any) -> None:
        self._timers.pop(self._camera_late, None)
        self._opening = OPENING
        if not self._look.results:
            self._trouble.pop("camera", None)
            self._look.started = monotonic()
            self._timers[self._end_look] = self._look.deadline
        result = self._look.add_frame(analyzer, frame)
        if self._look.is_finished(monotonic()):
            self._end_look()
        elif self.state.searching and result.face is None and self.state.decision:
            self._timers[self._next_frame] = monotonic() + SEARCH_PAUSE
        else:
            self._next_frame()

    def _next_frame(self) -> None:
        self._timers[self._camera_late] = monotonic() + LATE
        self._capture.request_frame()

    def _camera_late(self) -> None:
        self._frames_ended("the camera gives no frames: is its cable in?")

    def _frames_ended(self, error: str | None) -> None:
        if error is None:
            self._end_look(more=False)
            return
        if self._trouble.get("camera") != error:
            log.warning("camera: %s", error)
        self._trouble["camera"] = error
        if self._look.results:
            self._end_look(more=False)
        else:
            self._rest()
            if self.state.searching:
                self._timers[self._start_look] = monotonic() + CAMERA_PAUSE

    def _end_look(self, more: bool = True) -> None:
        """The time is up, the readings agree, or the frames are through (then there are no more)."""
        self._timers.pop(self._end_look, None)
        decision = self._look.decision()
        self._log_look(decision)
        searching = self.state.searching and decision.mood is None
        self._change(decision=decision, searching=searching)
        if decision.mood:
            self._playback.play(decision.mood, invited=self._pressed)
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
        self._capture.stop()
        self._change(activity=Activity.RESTING)

    def _forget_look(self) -> None:
        self._look_number = -1
        for timer in (self._camera_late, self._end_look, self._next_frame, self._start_look):
            self._timers.pop(timer, None)

    def _log_look(self, decision: Decision) -> None:
        before = self.state.decision
        if self.state.searching and before == decision and decision.outcome is Outcome.NO_FACE:
            return  # nobody is there yet: said once
        log_observation(self._look, decision, monotonic() - self._look_asked)

    # What it tells

    def _change(self, **changes: Any) -> None:
        self.state = changed(self.state, **changes)

    def _show(self) -> None:
        """Brings the lights, and systemd, up to the state."""
        snapshot = self._playback.snapshot
        trouble = self._ledger.trouble | self._trouble | self._playback.trouble
        paused = snapshot is not None and snapshot.state == "pause"
        self._change(paused=paused, trouble=tuple(sorted(trouble.items())))
        shown = indication_of(self.state)
        if shown != self._shown:
            self._shown = shown
            self._since = datetime.now(UTC)
            self._light()
            self._notifier.tell(f"STATUS={self._headline()}")

    def _headline(self) -> str:
        indication, mood = self._shown or indication_of(self.state)
        return "; ".join([str(mood or indication), *(f"{part}: {what}" for part, what in self.state.trouble)])

    def _answer(self, verb: str) -> dict[str, Any]:
        if verb == "press":
            if self.state.activity is Activity.LEAVING:
                return {"error": "the machine is switching itself off"}
            self._press()
            return {"ok": True}
        if verb == "skip":
            return {"ok": True} if self._playback.skip() else {"error": "no song plays that could be skipped"}
        decision, snapshot = self.state.decision, self._playback.snapshot
        indication, _ = self._shown or indication_of(self.state)
        return {
            "state": str(indication),
            "mood": self.state.mood,
            "confidence": round(decision.confidence, 3) if decision else None,
            "playing": snapshot.state if snapshot else None,
            "song": snapshot.title if snapshot and snapshot.state != "stop" else None,
            "stepped_back": self._playback.control_mode is ControlMode.BACK,
            "since": self._since.isoformat(timespec="seconds"),
            "start": {part: round(seconds, 3) for part, seconds in self._start.parts.items()},
            "version": __version__,
            "trouble": dict(self.state.trouble),
        }

    def _feed_watchdog(self) -> None:
        self._notifier.tell("WATCHDOG=1")
        self._timers[self._feed_watchdog] = monotonic() + (self._notifier.watchdog or 3600)
