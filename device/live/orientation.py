"""Whether the camera is mounted upside down or on its side: a face is found if its frames are turned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from device.live.hints import Hint
from device.vision.frame import Frame

PAUSE_S = 1.0  # without a face until a turned frame is searched, and between two of them
AGREEING = 2  # searches in a row that have to find a face: once, it may be something else
TURNS = {2: Hint.UPSIDE_DOWN, 1: Hint.ROTATED, 3: Hint.ROTATED}  # by quarters, the likeliest first


class Orientation:
    """Searches turned frames for a face, now and then, as long as there is none in them as they are."""

    def __init__(self, shows_face: Callable[[Frame], bool]) -> None:
        """Take what searches a frame for a face."""
        self._shows_face = shows_face
        self._turns = list(TURNS)  # the next one to try first
        self._found = 0  # in a row, at this turn
        self._next_s: float | None = None

    def hint(self, frame: Frame, has_face: bool, now: float) -> Hint | None:
        """Return how the camera is mounted; None if it is well, or that is not known.

        Args:
            frame: As the camera gives it.
            has_face: Whether there is a face in it.
            now: Monotonic seconds.
        """
        if has_face:
            self._found, self._next_s = 0, None
            return None
        if self._next_s is None:
            self._next_s = now + PAUSE_S
        if now >= self._next_s:
            self._next_s = now + PAUSE_S
            self._search(frame)
        return TURNS[self._turns[0]] if self._found >= AGREEING else None

    @property
    def turn(self) -> int | None:
        """The degrees, clockwise, by which frames have to be turned to be upright; None if not known."""
        return 360 - 90 * self._turns[0] if self._found >= AGREEING else None

    def _search(self, frame: Frame) -> None:
        if self._shows_face(np.ascontiguousarray(np.rot90(frame, self._turns[0]))):
            self._found += 1
        else:
            self._found = 0
            self._turns.append(self._turns.pop(0))
