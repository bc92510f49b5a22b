"""Runs the box's observations: opens the camera, takes frames until there is a decision, closes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import monotonic
from typing import Any

from device.box.furniture import FurnitureLearner, SightedFaces
from device.box.loop import Loop
from device.box.music_response import LookResult
from device.box.observation_log import log_observation
from device.box.state import Activity, StateHolder
from device.config import settings
from device.health import Health, Part
from device.mood import NO_FACE, Decision, Face, Outcome
from device.mood_bias import MoodBias
from device.vision.cameras.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.change import ChangeDetector
from device.vision.observation import FaceAnalyzer, FrameResult, Observation

FIRST_FRAME_TIMEOUT_S = 30.0  # at the first observation, when a small Pi loads the camera's library slowly
OPEN_TIMEOUT_S = 10.0  # until the first frame of a later observation
NEXT_FRAME_TIMEOUT_S = 2.0
SEARCH_PAUSE_S = 0.2  # between two frames without a face
CAMERA_RETRY_S = 5.0  # until a camera that failed is tried again
"""Both pauses hold while the box searches for its first face; later it observes only when it is asked to."""
ANSWER_S = 0.8  # until music begins by the mean so far; the button adds `panel.double_press`
FACE_MOVED = 0.05  # of a face's width, between two looks: a face that has moved farther is a person's

NONE = -1  # no observation's number


class Observer:
    """One observation at a time, on the loop's thread.

    Without an analyzer (there is a problem with its model), and while the camera is switched off, every
    observation ends at once, as one that has seen nobody.
    """

    def __init__(
        self,
        *,
        loop: Loop[Any],
        state: StateHolder,
        health: Health,
        rules: settings.Look,
        analyzer: FaceAnalyzer | None,
        capture: Capture,
        furniture: FurnitureLearner,
        bias: Callable[[], MoodBias],
        on_look: Callable[[LookResult], bool],
    ) -> None:
        """Take the parts.

        `bias` returns what was learned from corrections. `on_look` is called with what each observation has
        found, and returns whether music plays now, or soon.
        """
        self._loop = loop
        self._state = state
        self._health = health
        self._rules = rules
        self._analyzer = analyzer
        self._capture = capture
        self._furniture = furniture
        self._bias = bias
        self._on_look = on_look
        self._by_press = False  # whether somebody has asked for the present observation
        self._answered: LookResult | None = None  # what `on_look` was called with before its end
        self._last_face: Face | None = None  # of the observation before
        self._begin()
        self._changes = ChangeDetector()
        self._number = NONE  # of the capture whose events count
        self._requested = 0.0  # monotonic seconds
        self._open_timeout_s = FIRST_FRAME_TIMEOUT_S

    def start(self, *, by_press: bool = False) -> None:
        """Begin an observation, in place of the present one if there is one.

        by_press: somebody has asked for it.
        """
        self._by_press, self._answered, self._last_face = by_press, None, None
        if self._analyzer is None or self._state.value.camera_off:
            self.rest()
            self._report(NO_FACE)
            return
        self._forget()
        self._state.change(activity=Activity.LOOKING)
        self._requested = monotonic()
        self._open_camera()
        if by_press:
            self._loop.schedule_in(self._answer, ANSWER_S)
            self._loop.schedule_in(self._answer_without_face, self._rules.seconds)

    def rest(self) -> None:
        """Close the camera until the box is asked to observe again."""
        self._forget()
        self._capture.stop()
        if self._analyzer:
            self._analyzer.forget_pictures()
        self._state.change(activity=Activity.RESTING)

    def interrupt(self) -> None:
        """End the present observation, if there is one, as one that has seen nobody."""
        if self._state.value.activity is Activity.LOOKING:
            self.rest()
            if not self._answered:
                self._report(NO_FACE)

    def handle_event(self, event: FrameCaptured | CaptureEnded) -> FrameResult | None:
        """Take a frame or the end of the frames; events of an earlier observation are ignored.

        Returns:
            What was found in the frame, if it is the present observation's.
        """
        match event:
            case FrameCaptured(number, frame) if self._faces and number == self._number:
                return self._take(self._faces, frame)
            case CaptureEnded(number, error, is_outdated) if number == self._number:
                if is_outdated:  # its frames say nothing of who is there: a face in them may be upside down
                    self._loop.cancel(self._end, self._next_frame)
                    self._open_camera()
                else:
                    self._frames_ended(error)
        return None

    def _open_camera(self) -> None:
        """Begin with the frames of a new session."""
        self._begin()
        self._changes.forget()
        self._number = self._capture.start()
        self._loop.schedule_in(self._frame_timed_out, self._open_timeout_s)

    def _begin(self) -> None:
        threshold = self._analyzer.card.threshold if self._analyzer else 1.0
        self._observation = Observation(self._rules, threshold, started=monotonic(), bias=self._bias())
        self._faces = self._furniture.sighted(self._analyzer) if self._analyzer else None

    def _forget(self) -> None:
        self._number = NONE
        self._loop.cancel(
            self._frame_timed_out, self._end, self._next_frame, self.start,
            self._answer, self._answer_without_face,
        )  # fmt: skip

    def _take(self, analyzer: SightedFaces, frame: Any) -> FrameResult:
        self._loop.cancel(self._frame_timed_out)
        self._open_timeout_s = OPEN_TIMEOUT_S
        if not self._observation.results:
            self._health.clear(Part.CAMERA)
            self._observation.started = monotonic()
            self._loop.schedule(self._end, self._observation.deadline)
        nobody_yet = self._state.value.searching and self._state.value.decision is not None
        result = self._observation.add_frame(analyzer, frame, self._changes if nobody_yet else None)
        if self._observation.is_finished(monotonic()):
            self._end()
            return result
        if monotonic() >= self._requested + ANSWER_S:
            self._answer()
        if nobody_yet and result.face is None:
            self._loop.schedule_in(self._next_frame, SEARCH_PAUSE_S)
        else:
            self._next_frame()
        return result

    def _next_frame(self) -> None:
        self._loop.schedule_in(self._frame_timed_out, NEXT_FRAME_TIMEOUT_S)
        self._capture.request_frame()

    def _frame_timed_out(self) -> None:
        self._frames_ended("the camera gives no frames: is its cable in?")

    def _frames_ended(self, error: str | None) -> None:
        if error is not None:
            self._health.report(Part.CAMERA, error)
        goes_on_searching = not self._by_press and self._state.value.decision is not None
        if self._observation.results or (error is None and not goes_on_searching):
            self._end(more_frames=False)
        else:  # no frame says whether somebody is there now, so what was seen before stays
            self.rest()
            if error is not None:
                self._report(NO_FACE)
            if self._state.value.searching:
                self._loop.schedule_in(self.start, CAMERA_RETRY_S)

    def _end(self, more_frames: bool = True) -> None:
        """Decide: the time is up, the results agree, or there are no more frames."""
        self._loop.cancel(self._end, self._answer, self._answer_without_face)
        decision = self._observation.decision()
        self._log(decision)
        if self._faces:
            self._furniture.learn(self._faces)
        self._state.change(decision=decision, decided=monotonic())
        self._report(decision)
        self._by_press, self._answered, self._last_face = False, None, decision.face
        if not self._state.value.searching:
            self.rest()
        elif more_frames:
            self._begin()
            self._requested = monotonic()
            self._next_frame()
        else:
            self.rest()
            self._loop.schedule_in(self.start, CAMERA_RETRY_S)

    # What the music is told

    def _answer(self) -> None:
        """Begin the music that somebody waits for by the mean so far; the end of the look then steers it."""
        decision = self._observation.decision()
        if self._by_press and not self._answered and decision.probabilities:
            self._report(decision)

    def _answer_without_face(self) -> None:
        """The time is up, and perhaps the camera has not even given a frame."""
        if not self._answered:
            self._report(NO_FACE)

    def _report(self, decision: Decision) -> None:
        answered = self._answered
        look = LookResult(
            decision,
            by_press=self._by_press,
            face_moved=_moved(self._last_face, decision.face),
            answered=answered.decision if answered else None,
        )
        self._answered = look
        if self._on_look(look):
            self._state.change(searching=False)

    def _log(self, decision: Decision) -> None:
        before = self._state.value.decision
        if self._state.value.searching and before == decision and decision.outcome is Outcome.NO_FACE:
            return  # still nobody: logged once
        log_observation(self._observation, decision, monotonic() - self._requested)


def _moved(before: Face | None, now: Face | None) -> bool:
    if before is None or now is None:
        return False
    distance = math.hypot(
        now.x + now.width / 2 - before.x - before.width / 2,
        now.y + now.height / 2 - before.y - before.height / 2,
    )
    return distance > FACE_MOVED * now.width
