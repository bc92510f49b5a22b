"""The button: edges from its pin, and what they mean.

Pins drop edges (gpiozero #1039) and invent them (#1090). So an edge is only a hint to look at the level, the
level counts once it has stayed the same for a while, and as long as the button is down it is looked at again
and again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from device import settings
from device.panel.pins import pin_errors

WHILE_DOWN = 0.05  # seconds between two looks at the level of a button that is down


@dataclass(frozen=True)
class Edge:
    """The button's level may have changed."""


class Gesture(StrEnum):
    DOWN = "down"
    PRESS = "press"  # let go before it counts as held
    HELD = "held"  # counts as held from now on
    LET_GO = "let_go"  # after it was held
    HELD_LONG = "held_long"  # so long that letting go means off
    OFF = "off"  # let go after that


class Presses:
    """Makes gestures of the button's level, without hardware or clock of its own.

    `sample` wants the level at each edge, and again whenever `due` comes. Times are in seconds.
    """

    def __init__(self, debounce: float, hold: float, off: float = 0) -> None:
        """off: 0 for never."""
        self._debounce = debounce
        self._holds = [(hold, Gesture.HELD), *([(off, Gesture.HELD_LONG)] if off else [])]
        self._down = False
        self._down_since = 0.0
        self._held = 0  # how many of the holds
        self._change_since: float | None = None
        self.due: float | None = None

    def sample(self, level: bool, now: float) -> list[Gesture]:
        gestures: list[Gesture] = []
        if level == self._down:
            self._change_since = None
        elif self._change_since is None:
            self._change_since = now
        elif now >= self._change_since + self._debounce:
            gestures.append(self._settle(level, self._change_since))
        steady = self._change_since is None
        while self._down and steady and now >= self._next_hold():
            gestures.append(self._holds[self._held][1])
            self._held += 1
        self.due = self._next(now)
        return gestures

    def _settle(self, level: bool, since: float) -> Gesture:
        end = (Gesture.PRESS, Gesture.LET_GO, Gesture.OFF)[self._held]
        self._down, self._down_since, self._held, self._change_since = level, since, 0, None
        return Gesture.DOWN if level else end

    def _next_hold(self) -> float:
        held = self._holds[self._held :]
        return self._down_since + held[0][0] if held else math.inf

    def _next(self, now: float) -> float | None:
        if self._change_since is not None:
            return self._change_since + self._debounce
        if not self._down:
            return None
        return min(now + WHILE_DOWN, self._next_hold())


class Button:
    """The pin. Calls `edge` from gpiozero's own thread whenever the level may have changed.

    Raises PanelError if the pin cannot be had.
    """

    def __init__(self, panel: settings.Panel, edge: Callable[[], None]) -> None:
        with pin_errors():
            import gpiozero  # a tenth of a second that `look` and `status` need not pay

            self._button: Any = gpiozero.Button(panel.button, pull_up=panel.pull_up)
        self._button.when_pressed = edge
        self._button.when_released = edge

    def is_down(self) -> bool:
        return bool(self._button.is_pressed)

    def close(self) -> None:
        self._button.close()
