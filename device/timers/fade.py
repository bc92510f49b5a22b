"""The volume on its way from one level to another, in steps that sound about equally large."""

from __future__ import annotations

import math
from dataclasses import dataclass

from device.mpd.volume import stepped

LAG_S = 15.0  # for so long MPD may still report a volume from before
TOLERANCE = 5  # percent: a coarse mixer sets another volume than it was asked for


@dataclass(frozen=True)
class Fade:
    """Which volume is to be set when.

    Attributes:
        start: The volume at the beginning, in percent.
        levels: Those that follow, at equal distances in time.
        began: In monotonic seconds.
        ends: When the last level is reached.
    """

    start: int
    levels: tuple[int, ...]
    began: float
    ends: float

    @classmethod
    def between(cls, start: int, end: int, began: float, ends: float) -> Fade:
        """Go from one volume to another."""
        levels = [start]
        while levels[-1] < end:
            levels.append(stepped(levels[-1], 1, end))
        while levels[-1] > end:
            levels.append(max(end, stepped(levels[-1], -1)))
        return cls(start, tuple(levels[1:]), began, ends)

    @property
    def is_down(self) -> bool:
        """Whether the music grows softer."""
        return bool(self.levels) and self.levels[-1] < self.start

    def level(self, now: float) -> int:
        """The volume at a moment, in monotonic seconds."""
        return (self.start, *self.levels)[self._steps(now)]

    def is_over(self, now: float) -> bool:
        """Whether the last level is reached."""
        return self._steps(now) == len(self.levels)

    def next_change(self, now: float) -> float:
        """When the volume changes next; infinite for never."""
        steps = self._steps(now)
        return math.inf if steps == len(self.levels) else self.began + (steps + 1) * self._step_s

    def explains(self, volume: int, now: float) -> bool:
        """Whether MPD may report this volume because of the fade alone, and nobody else has changed it."""
        recent = (self.start, *self.levels)[self._steps(now - LAG_S) : self._steps(now) + 1]
        return min(recent) - TOLERANCE <= volume <= max(recent) + TOLERANCE

    @property
    def _step_s(self) -> float:
        return max(0.0, self.ends - self.began) / max(1, len(self.levels))

    def _steps(self, now: float) -> int:
        """How many steps are made by now. A timer that is early by a rounding error counts as in time."""
        if now >= self.ends or not self._step_s:
            return len(self.levels)
        return min(len(self.levels), max(0, math.floor((now - self.began) / self._step_s + 1e-6)))
