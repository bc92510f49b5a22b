"""The live picture: frames for somebody who aims the camera, for five minutes after a press allowed it.

While nobody watches, it does nothing, and holds nothing. Whoever leaves may come back within these minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from device.box.commands.reply import OK, Actions, Reply, Streams
from device.box.loop import Loop
from device.box.state import Activity, StateHolder
from device.control import page_commands as page
from device.control.mailbox import Mailbox
from device.control.server import Request
from device.errors import ModelError
from device.mood import Face
from device.mood_bias import MoodBias
from device.vision.cameras.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer, FrameResult

if TYPE_CHECKING:
    from device.live.hints import Hint
    from device.live.orientation import Orientation
    from device.vision.cameras.rotation import RotatedFrames

log = logging.getLogger(__name__)

INTERVAL_S = 0.25  # between two frames
OPEN_TIMEOUT_S = 15.0  # until the camera's first frame
RETRY_S = 2.0  # until a camera that failed is opened again
NOT_ALLOWED = "the picture is closed: ask for it again, and press the box's button"
NO_MOUNTING = "the page Aim does not say how the camera is mounted: %s"
NONE = -1  # no capture's number


class LiveView:
    """Sends frames to those who watch. Used by the loop's thread alone.

    Between looks it opens the camera itself. A look's own frames are shown as they come, with what the look
    has found in them, so that nobody who watches makes a look slower.
    """

    def __init__(
        self,
        loop: Loop[Any],
        state: StateHolder,
        capture: Capture,
        analyzer: FaceAnalyzer | None,
        min_face: float,
        bias: Callable[[], MoodBias],
    ) -> None:
        """Take the parts.

        min_face: The smallest face, as a share of the frame's height.
        bias: Returns what was learned from corrections.
        """
        self._loop = loop
        self._state = state
        self._capture = capture
        self._analyzer = analyzer
        self._min_face = min_face
        self._bias = bias
        self._watchers: list[Mailbox] = []
        self._until = 0.0  # monotonic seconds, to which the picture is allowed
        self._session = NONE
        self._last_frame = 0.0
        self._open_again = 0.0  # monotonic seconds, before which the camera is not opened
        self._last_face: Face | None = None
        self._orientation: Orientation | None = None
        self._rotated_frames: RotatedFrames | None = None
        self._has_no_mounting = False  # its cascade could not be loaded since somebody watches
        self._last_failure = ""  # to load it, which is in the log
        self._has_shown = False  # a picture since it was last overwritten

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {page.StopFrames: self._stop}

    @property
    def streams(self) -> Streams:
        """What it does for which command that is answered later."""
        return {page.Frames: self.watch}

    def allow(self) -> None:
        """Allow the picture from now on, for a while."""
        self._until = monotonic() + page.PICTURE_ALLOWED_S

    def watch(self, request: Request) -> None:
        """Send frames to whoever asks, if they are allowed."""
        if monotonic() >= self._until:
            request.reply.put({"error": NOT_ALLOWED})
            return
        # Here, where it costs the request alone if they cannot be read, and not at the first frame.
        from device.live import hints, orientation, picture  # noqa: F401

        self._watchers.append(request.reply)
        request.reply.put(self._line({}))
        self._state.change(watched=True)
        self._tick()

    def handle_event(self, event: FrameCaptured | CaptureEnded, found: FrameResult | None = None) -> None:
        """Show a frame, its own or a look's; or take the end of its own frames.

        found: What the look has found in its frame.
        """
        if not self._watchers:
            return
        if event.session > self._session:
            self._session = NONE  # a look has the camera, or had it: some are over before the next tick
        match event:
            case FrameCaptured(number, frame):
                now = monotonic()
                if number == self._session or (found and now >= self._last_frame + INTERVAL_S):
                    self._last_frame = now
                    self._show(frame, found)
            case CaptureEnded(number, error, is_outdated):
                if is_outdated:  # where the face was, and how the camera is mounted, is no longer so
                    self._last_face, self._orientation = None, None
                if number == self._session:
                    self._session = NONE
                    if error is not None:
                        log.debug("the live picture: %s", error)
                        self._open_again = monotonic() + RETRY_S
                        self._send({"hints": ["camera_fails"]})

    def _tick(self) -> None:
        """Go on, once in a while, until nobody watches or the time is up."""
        self._watchers = [watcher for watcher in self._watchers if not watcher.closed]
        if monotonic() >= self._until:
            self._end()
            return
        if not self._watchers:
            self._close()
            return
        self._loop.schedule_in(self._tick, INTERVAL_S)
        state = self._state.value
        if state.camera_off:
            self._session = NONE
            self._forget()
            self._send({"hints": ["camera_off"]})
        elif state.activity is not Activity.RESTING:
            self._session = NONE  # a look has the camera
        elif self._session == NONE or monotonic() > self._last_frame + OPEN_TIMEOUT_S:
            if self._session != NONE:
                self._send({"hints": ["camera_fails"]})  # it hangs, and gives neither a frame nor an error
            if monotonic() >= self._open_again:
                self._session = self._capture.start()
                self._last_frame = monotonic()
        else:
            self._capture.request_frame()

    def _show(self, frame: Frame, found: FrameResult | None) -> None:
        from device.live.hints import hints_for  # not before somebody watches
        from device.live.picture import picture

        if not frame.size:
            return
        is_looks_own = found is not None
        face, probabilities, threshold = None, None, 1.0
        if self._analyzer:
            found = found or self._analyzer.analyze(frame, self._last_face)
            face = self._last_face = found.face
            threshold = self._analyzer.card.threshold
            probabilities = self._bias().apply(found.probabilities) if found.probabilities else None
        hints, turn = hints_for(frame, face), None
        if not is_looks_own and (mounted := self._mounting(frame, face)):
            hints = [mounted, *hints]
            turn = self._orientation.turn if self._orientation else None
        self._has_shown = True
        self._send(picture(frame, face, probabilities, threshold, hints) | {"turn": turn})

    def _mounting(self, frame: Frame, face: Face | None) -> Hint | None:
        from device.live.orientation import Orientation

        if self._analyzer is None or self._has_no_mounting:
            return None
        if self._orientation is None:
            self._orientation = Orientation(self._face_width)
        try:
            return self._orientation.hint(frame, face, monotonic())
        except ModelError as error:  # a look with another cascade has not needed this one
            self._has_no_mounting = True
            if str(error) != self._last_failure:
                self._last_failure = str(error)
                log.warning(NO_MOUNTING, error)
            return None

    def _face_width(self, frame: Frame, degrees: int) -> int:
        from device.vision.cameras.rotation import RotatedFrames

        if self._analyzer is None:
            return 0
        if self._rotated_frames is None:
            self._rotated_frames = RotatedFrames(self._analyzer.card, self._min_face)
        width = self._rotated_frames.face_width(frame, degrees)
        self._rotated_frames.forget_picture(frame, degrees)
        return width

    def _line(self, content: dict[str, Any]) -> dict[str, Any]:
        nothing = dict.fromkeys(("jpeg", "width", "height", "face", "probabilities", "mood", "turn"))
        return nothing | {"hints": [], "left_s": round(self._until - monotonic(), 1)} | content

    def _send(self, content: dict[str, Any]) -> None:
        line = self._line(content)
        for watcher in self._watchers:
            watcher.put(line)

    def _stop(self, _: page.StopFrames) -> Reply:
        self._end()
        return OK

    def _end(self) -> None:
        """Close the picture until somebody allows it again."""
        self._until = 0.0
        for watcher in self._watchers:
            watcher.put({"error": NOT_ALLOWED})
        self._close()

    def _close(self) -> None:
        """Close the camera, and forget what it has shown."""
        self._watchers, self._last_face, self._orientation, self._rotated_frames = [], None, None, None
        self._has_no_mounting = False
        self._loop.cancel(self._tick)
        self._state.change(watched=False)
        if self._session != NONE and self._state.value.activity is Activity.RESTING:
            self._capture.stop()
        self._session = NONE
        self._forget()

    def _forget(self) -> None:
        """Overwrite what is left of the pictures that were shown."""
        if self._has_shown:
            from device.live.picture import forget

            forget()
            if self._analyzer:
                self._analyzer.forget_pictures()
        self._has_shown = False
