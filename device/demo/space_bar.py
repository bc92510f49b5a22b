"""Makes a button of the space bar: a terminal reports a key's press and its repeats, but no release.

A key that is held repeats: first after a pause, which is 250 to 660 ms by the defaults of the usual systems,
then 10 to 40 times a second. So a press lasts until its first repeat would have come, three spaces in quick
succession are a key that is held, and two are two presses.
"""

from __future__ import annotations

from enum import StrEnum

FIRST_REPEAT_S = 0.7  # the longest usual pause before the first repeat, and some time for a slow connection
REPEAT_S = 0.2  # the same for the next repeats
DOUBLE_PRESS_S = 0.45  # from one press to the next; what comes later is the first repeat of a slow press


class Move(StrEnum):
    """What happens to the button."""

    DOWN = "down"
    UP = "up"
    UP_AND_AGAIN = "up_and_again"  # it was the second press: up, and a whole press after it


class SpaceBar:
    """Turns the times at which spaces arrive into moves of a button, without a clock of its own.

    Call `on_space` for each space, and `sample` often. Times are in seconds, of one clock.
    """

    def __init__(self) -> None:
        self._count = 0  # spaces since the button went down
        self._last = 0.0
        self._gap = 0.0  # between the last two
        self._released_at = 0.0

    def on_space(self, now: float) -> list[Move]:
        """The moves that a space makes."""
        self._count += 1
        self._gap, self._last = now - self._last, now
        if self._count > 1:
            self._released_at = now + REPEAT_S
            return []
        self._released_at = now + FIRST_REPEAT_S
        return [Move.DOWN]

    def sample(self, now: float) -> list[Move]:
        """The moves that are due because no space has come."""
        if not self._count or now < self._released_at:
            return []
        is_double_press = self._count == 2 and self._gap <= DOUBLE_PRESS_S
        self._count = 0
        return [Move.UP_AND_AGAIN if is_double_press else Move.UP]
