"""The button: edges from its pin, and what they mean.

Pins drop edges (gpiozero #1039) and invent them (#1090). So an edge is only a hint to look at the level, the
level counts once it has stayed the same for a while, and as long as the button is down it is looked at again
and again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any

from device.config import settings
from device.health import Part
from device.panel.pins import pin_errors
from device.supervision import PartMonitor, Post

WHILE_DOWN = 0.05  # seconds between two looks at the level of a button that is down


@dataclass(frozen=True)
class Edge:
    """The button's level may have changed: what it was, and when (monotonic seconds)."""

    down: bool
    at: float


class Gesture(StrEnum):
    DOWN = "down"
    PRESS = "press"  # let go before it counts as held, and no second press has followed
    TWICE = "twice"  # let go for the second time of two quick presses
    HELD = "held"  # counts as held from now on
    LET_GO = "let_go"  # after it was held
    HELD_LONG = "held_long"  # so long that letting go means off
    OFF = "off"  # let go after that


class Presses:
    """Makes gestures of the button's level, without hardware or clock of its own.

    `hear` wants each edge, `sample` the level whenever `due` comes. Times are in seconds.

    A press counts only once it is clear that no second one follows: `double` seconds after it was let go. To
    look at once and call it off would open the camera at each skip, and a quick look would have changed the
    songs before. A second press that is held is a hold alone: who asks for silence last means it.
    """

    def __init__(self, debounce: float, hold: float, double: float = 0, off: float = 0) -> None:
        """double: how soon a second press must begin. off: how long a hold means that. 0: no such gesture."""
        self._debounce = debounce
        self._holds = [(hold, Gesture.HELD), *([(off, Gesture.HELD_LONG)] if off else [])]
        self._double = double
        self._down = False
        self._down_since = 0.0
        self._held = 0  # how many of the holds
        self._second = False
        self._alone_from: float | None = None  # when the press that was let go will have been the only one
        self._change_since: float | None = None
        self.due: float | None = None

    def hear(self, edge: Edge) -> list[Gesture]:
        """Edges may be heard late, while the box sees to a frame: until this one the level was as it was."""
        back = self._change_since is not None and edge.down == self._down
        before = self.sample(not edge.down, edge.at) if back else []
        return before + self.sample(edge.down, edge.at)

    def sample(self, level: bool, now: float) -> list[Gesture]:
        gestures: list[Gesture] = []
        if level == self._down:
            self._change_since = None
        elif self._change_since is None:
            self._change_since = now
        since = self._change_since
        if self._alone_from is not None and (now if since is None else since) >= self._alone_from:
            self._alone_from = None
            gestures.append(Gesture.PRESS)
        if since is not None and now >= since + self._debounce:
            gestures += self._settle(level, since)
        steady = self._change_since is None
        while self._down and steady and now >= self._next_hold():
            gestures.append(self._holds[self._held][1])
            self._held += 1
        self.due = self._next(now)
        return gestures

    def _settle(self, level: bool, since: float) -> list[Gesture]:
        held, was_second = self._held, self._second
        self._down, self._down_since, self._held, self._change_since = level, since, 0, None
        self._second, self._alone_from = level and self._alone_from is not None, None
        if level:
            return [Gesture.DOWN]
        if held:
            return [(Gesture.LET_GO, Gesture.OFF)[held - 1]]
        if was_second:
            return [Gesture.TWICE]
        if not self._double:
            return [Gesture.PRESS]
        self._alone_from = since + self._double
        return []

    def _next_hold(self) -> float:
        held = self._holds[self._held :]
        return self._down_since + held[0][0] if held else math.inf

    def _next(self, now: float) -> float | None:
        if self._change_since is not None:
            return self._change_since + self._debounce
        if not self._down:
            return self._alone_from
        return min(now + WHILE_DOWN, self._next_hold())


class Button:
    """The pin. Posts an edge from gpiozero's own thread whenever the level may have changed.

    A pin that cannot be read counts as let go, and is told as a failure of the part `button`: an error must
    not end the thread of lgpio that tells of edges, nor the box. Raises PanelError if the pin cannot be had.
    """

    def __init__(self, panel: settings.Panel, post: Post) -> None:
        """post: takes Edges."""
        with pin_errors():
            import gpiozero  # a tenth of a second that `look` and `status` need not pay

            self._button: Any = gpiozero.Button(panel.button, pull_up=panel.pull_up)
        self._monitor = PartMonitor(Part.BUTTON, post)

        def edge() -> None:
            post(Edge(self.is_down(), monotonic()))

        self._button.when_pressed = edge
        self._button.when_released = edge

    def is_down(self) -> bool:
        with self._monitor.job():
            return bool(self._button.is_pressed)
        return False

    def close(self) -> None:
        self._button.close()
