"""A button: the edges of its pin, and the gestures that they make.

Pins lose edges (gpiozero #1039) and invent them (#1090). So an edge is only a hint to read the level, a level
counts only once it has been stable for the debounce time, and a button that is down is polled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any

from device.health import Part
from device.panel.pins import pin_errors
from device.supervision import PartMonitor, Post

POLL_INTERVAL_S = 0.05  # while the button is down


@dataclass(frozen=True)
class Edge:
    """A button's level may have changed: whether it was down then, when (monotonic seconds), which button."""

    is_down: bool
    time: float
    button: Part = Part.BUTTON


class Gesture(StrEnum):
    """What a person does with the button. Times are the settings' `hold`, `double_press` and `off`."""

    DOWN = "down"  # pressed; what it becomes is still open
    SINGLE_PRESS = "single_press"  # released before a hold, and no second press has followed
    DOUBLE_PRESS = "double_press"  # the second of two quick presses was released
    HOLD = "hold"  # down for so long that it is a hold from now on
    HOLD_RELEASED = "hold_released"
    LONG_HOLD = "long_hold"  # down for so long that a release switches the machine off
    LONG_HOLD_RELEASED = "long_hold_released"


class GestureRecognizer:
    """Recognizes gestures in the button's level, without hardware or a clock of its own.

    Call `on_edge` for each edge, and `sample` with the level at the time `next_sample`; while that is None,
    only an edge can change anything. Times are in seconds, of one clock.

    A single press counts only once no second press can follow: `double_press` seconds after its release. If
    it counted at once, each double press would open the camera, and a quick observation could change the
    songs before it is undone. A press followed by a hold is only a hold, because a hold asks for silence.
    """

    def __init__(self, debounce: float, hold: float, double_press: float = 0, off: float = 0) -> None:
        """Set the times in seconds.

        Args:
            debounce: How long a level must be stable.
            hold: How long a press must last to be a hold.
            double_press: Within which time a second press must start; 0: there is no such gesture.
            off: How long a press must last to be a long hold; 0: there is no such gesture.
        """
        self._debounce = debounce
        self._holds = [(hold, Gesture.HOLD), *([(off, Gesture.LONG_HOLD)] if off else [])]
        self._double_press = double_press
        self._is_down = False
        self._down_since = 0.0
        self._hold_count = 0  # how many of the holds this press has reached
        self._is_second_press = False
        self._single_press_at: float | None = None  # when the released press becomes a single press
        self._change_since: float | None = None  # when the level changed that is not stable yet
        self.next_sample: float | None = None

    def on_edge(self, edge: Edge) -> list[Gesture]:
        """The gestures that an edge completes. Edges may arrive late, while the box analyzes a frame."""
        # An edge back to the accepted level ends a change that may have been stable for long enough.
        ends_a_change = self._change_since is not None and edge.is_down == self._is_down
        before = self.sample(not edge.is_down, edge.time) if ends_a_change else []
        return before + self.sample(edge.is_down, edge.time)

    def sample(self, is_down: bool, now: float) -> list[Gesture]:
        """The gestures that the level at the time `now` completes."""
        gestures: list[Gesture] = []
        if is_down == self._is_down:
            self._change_since = None
        elif self._change_since is None:
            self._change_since = now
        since = self._change_since
        if self._single_press_at is not None and (now if since is None else since) >= self._single_press_at:
            self._single_press_at = None
            gestures.append(Gesture.SINGLE_PRESS)
        if since is not None and now >= since + self._debounce:
            gestures += self._accept_level(is_down, since)
        is_stable = self._change_since is None
        while self._is_down and is_stable and now >= self._next_hold():
            gestures.append(self._holds[self._hold_count][1])
            self._hold_count += 1
        self.next_sample = self._next_sample_after(now)
        return gestures

    def _accept_level(self, is_down: bool, since: float) -> list[Gesture]:
        """The level has been stable for the debounce time."""
        hold_count, was_second_press = self._hold_count, self._is_second_press
        self._is_down, self._down_since, self._hold_count, self._change_since = is_down, since, 0, None
        self._is_second_press, self._single_press_at = is_down and self._single_press_at is not None, None
        if is_down:
            return [Gesture.DOWN]
        if hold_count:
            return [(Gesture.HOLD_RELEASED, Gesture.LONG_HOLD_RELEASED)[hold_count - 1]]
        if was_second_press:
            return [Gesture.DOUBLE_PRESS]
        if not self._double_press:
            return [Gesture.SINGLE_PRESS]
        self._single_press_at = since + self._double_press
        return []

    def _next_hold(self) -> float:
        remaining = self._holds[self._hold_count :]
        return self._down_since + remaining[0][0] if remaining else math.inf

    def _next_sample_after(self, now: float) -> float | None:
        if self._change_since is not None:
            return self._change_since + self._debounce
        if not self._is_down:
            return self._single_press_at
        return min(now + POLL_INTERVAL_S, self._next_hold())


class Button:
    """A button's pin. Posts an Edge from gpiozero's thread whenever the level may have changed.

    A pin that cannot be read counts as released, and is reported as a failure of the button's part: an error
    must not end lgpio's thread, which reports the edges, nor the box.

    Raises:
        PanelError: The pin cannot be used.
    """

    def __init__(self, pin: int, pull_up: bool, part: Part, post: Post) -> None:
        """Claim the pin.

        Args:
            pin: Its BCM number.
            pull_up: Whether the button connects its pin to ground, else to 3.3 V.
            part: Which button it is.
            post: Called with Edges, and with what a `Part` posts.
        """
        with pin_errors():
            import gpiozero  # takes a tenth of a second, which `look` and `status` do not need

            # gpiozero.Button would have a thread that wakes up ten times a second, to recognize holds.
            self._device: Any = gpiozero.DigitalInputDevice(pin, pull_up=pull_up)
        self._monitor = PartMonitor(part, post)

        def post_edge() -> None:
            post(Edge(self.is_down(), monotonic(), part))

        self._device.when_activated = post_edge
        self._device.when_deactivated = post_edge

    def is_down(self) -> bool:
        """Whether the button is pressed right now."""
        with self._monitor.job():
            return bool(self._device.is_active)
        return False

    def close(self) -> None:
        """Release the pin."""
        self._device.close()
