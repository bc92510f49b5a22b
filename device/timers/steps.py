"""What the timers are told of the player, and what they say has to be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Music:
    """What is known of the player. volume: in percent; None without a mixer."""

    playing: bool
    volume: int | None


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
