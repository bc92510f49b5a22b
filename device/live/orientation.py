"""Whether the camera is mounted upside down or on its side: the face is larger if its frames are rotated."""

from __future__ import annotations

from collections.abc import Callable

from device.live.hints import Hint
from device.mood import Face
from device.vision.cameras.rotation import is_upright, needed_rotation
from device.vision.frame import Frame

PAUSE_S = 0.75  # between two searches: one is long for a small Pi
AGREEING = 2  # rounds in a row that have to come to the same result: once, it may be something else
ORDER = (0, 180, 90, 270)  # degrees
HINTS = {90: Hint.ROTATED, 180: Hint.UPSIDE_DOWN, 270: Hint.ROTATED}


class Orientation:
    """Searches one rotation of the frame after the other for a face, until one is upright as it is."""

    def __init__(self, face_width: Callable[[Frame, int], int]) -> None:
        """Take what finds the face in a frame that is rotated first; as `RotatedFrames.face_width`."""
        self._face_width = face_width
        self._next_s = 0.0  # monotonic seconds, before which nothing is searched
        self._is_upright = False  # the face that has been there since
        self._widths: dict[int, int] = {}  # of the faces in this round, by degrees
        self._needed = 0  # degrees, by the last whole round
        self._agreeing = 0  # rounds in a row

    def hint(self, frame: Frame, face: Face | None, now: float) -> Hint | None:
        """Return how the camera is mounted; None if it is well, or that is not known.

        Args:
            frame: As the camera gives it.
            face: What the box has found in it.
            now: Monotonic seconds.
        """
        self._is_upright = self._is_upright and face is not None
        if not self._is_upright and now >= self._next_s:
            self._next_s = now + PAUSE_S
            self._search(frame, face)
        return HINTS[self.turn] if self.turn else None

    @property
    def turn(self) -> int | None:
        """The degrees, clockwise, by which to rotate frames; None if they are upright, or it is not known."""
        return self._needed or None if self._agreeing >= AGREEING else None

    def _search(self, frame: Frame, face: Face | None) -> None:
        degrees = ORDER[len(self._widths)]
        self._widths[degrees] = self._face_width(frame, degrees)
        if degrees == 0 and is_upright(face, self._widths[0]):
            self._widths, self._needed, self._agreeing, self._is_upright = {}, 0, 0, True
        elif len(self._widths) == len(ORDER):
            needed = needed_rotation(self._widths)
            self._agreeing = self._agreeing + 1 if needed == self._needed else 1
            self._needed, self._widths = needed, {}
