"""What the timers may say has to be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SetVolume:
    """The volume has to be set, in percent."""

    percent: int


@dataclass(frozen=True)
class Pause:
    """The music has to pause."""


@dataclass(frozen=True)
class Begin:
    """Music has to begin."""


@dataclass(frozen=True)
class Missed:
    """The wake time has passed without music, and none begins any more. due: In seconds since the epoch."""

    due: float


Step = SetVolume | Pause | Begin | Missed
