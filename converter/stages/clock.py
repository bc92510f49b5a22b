"""Divides the time that is left among the stages that are left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Clock:
    """The time for all stages of one command."""

    def __init__(self, seconds: float | None, now: Callable[[], float] = time.monotonic) -> None:
        """Start; `seconds` are for everything, None for as long as it takes."""
        self._now = now
        self._end = math.inf if seconds is None else now() + seconds

    def left(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(0.0, self._end - self._now())

    def share(self, of: float, whole: float) -> Progress:
        """Return the progress of a stage that may take `of` / `whole` of the time that is left.

        What a stage does not use is left to those after it.
        """
        return Progress(self.left() * of / whole, self._now)


class Progress:
    """How far a stage is: by its epochs, or by its time if that passes faster.

    Since the learning rate follows it, a training always ends at a low one: on a slow machine after fewer
    epochs.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """Start; the stage may take `seconds`."""
        self._now, self._start, self._seconds = now, now(), seconds

    def at(self, done: float, before: float = 0.0) -> float:
        """Return the progress, 0 to 1.

        Args:
            done: share of the epochs that are done, including those of an earlier command.
            before: the progress at the start of this command.
        """
        elapsed = (self._now() - self._start) / max(self._seconds, 1e-9)
        return min(1.0, max(done, before + (1 - before) * elapsed))
