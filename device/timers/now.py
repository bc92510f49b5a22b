"""One moment, by two clocks: the monotonic one for what ends after a while, and the wall's for a time of day.

That one may jump: on a Pi without a clock of its own it is wrong until the network has set it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo


@dataclass(frozen=True)
class Now:
    """One moment, by both clocks.

    Attributes:
        monotonic: Seconds since the machine's start, with those in which it was suspended. They never jump.
        wall: Seconds since the epoch.
        is_set: Whether the wall's clock can be trusted.
        zone: Of the time of day; None for the machine's own.
    """

    monotonic: float
    wall: float
    is_set: bool = True
    zone: tzinfo | None = None
