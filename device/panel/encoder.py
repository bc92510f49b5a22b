"""A rotary encoder: the edges of its two pins, and the stops by which somebody has turned it.

gpiozero's RotaryEncoder counts encoders of four steps to a stop alone, takes spikes on both pins for a turn,
and its `bounce_time` has no effect: it sets an attribute that no pin has. So the steps are counted here.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from device.config import settings
from device.health import Part
from device.panel.pins import pin_errors
from device.supervision import PartMonitor, Post

GLITCH_S = 0.0005
"""A shorter change of a level is a glitch. In a fast turn each level lasts for two milliseconds or more."""

Levels = tuple[bool, bool]
"""Whether the contacts A and B are closed."""

CYCLE: tuple[Levels, ...] = ((False, False), (True, False), (True, True), (False, True))
"""The levels in the order of a turn to the right (Gray code: only one contact changes at a time)."""


@dataclass(frozen=True)
class EncoderEdge:
    """A contact of the encoder has closed or opened.

    Attributes:
        contact: 0 for A, 1 for B.
        is_closed: Its level from now on.
        time: When, in seconds of the clock of the edges. The kernel's, so that a busy box does not blur it.
    """

    contact: int
    is_closed: bool
    time: float


class EncoderDecoder:
    """Counts the stops in an encoder's edges, without hardware or a clock of its own.

    Call `on_edge` for each edge, and `settle` with the levels of the pins once no edge has come for a moment.

    A contact that bounces goes to and fro between two neighbouring places of the cycle, and a stop counts
    only once a whole stop lies between it and the last one that has counted. So bouncing counts nothing.
    """

    def __init__(self, steps_per_stop: int, levels: Levels = CYCLE[0]) -> None:
        """Start at a stop, with these levels."""
        self._steps_per_stop = steps_per_stop
        self._levels = levels
        self._steps = 0  # since the last stop that has counted; positive to the right
        self._direction = 1
        self._changes: dict[int, EncoderEdge] = {}  # by contact; they may still turn out to be glitches

    def on_edge(self, edge: EncoderEdge) -> int:
        """Return the stops that the edge completes; positive to the right."""
        stops = self._accept_changes(before=edge.time - GLITCH_S)
        if edge.is_closed == self._levels[edge.contact]:
            self._changes.pop(edge.contact, None)  # what it ends was a glitch
        else:
            self._changes[edge.contact] = edge
        return stops

    def settle(self, levels: Levels) -> int:
        """Return the stops that remain to be counted, with the levels that the pins have now.

        This makes good for the last edge of a turn if it was lost, and for an edge that came without a change
        of the level (gpiozero #1039, #1090). An edge that is lost within a turn can cost that one stop.
        """
        self._changes = {n: edge for n, edge in self._changes.items() if edge.is_closed == levels[n]}
        stops = self._accept_changes()
        return stops + self._move_to(levels)

    def _accept_changes(self, before: float | None = None) -> int:
        stops = 0
        for edge in sorted(self._changes.values(), key=lambda edge: edge.time):
            if before is None or edge.time <= before:
                del self._changes[edge.contact]
                a, b = self._levels
                stops += self._move_to((edge.is_closed, b) if edge.contact == 0 else (a, edge.is_closed))
        return stops

    def _move_to(self, levels: Levels) -> int:
        places = (CYCLE.index(levels) - CYCLE.index(self._levels)) % 4
        self._levels = levels
        if places == 2:  # two edges were lost; a turn goes on more often than it reverses
            self._steps += 2 * self._direction
        elif places:
            self._direction = 1 if places == 1 else -1
            self._steps += self._direction
        stops = int(self._steps / self._steps_per_stop)  # towards zero
        self._steps -= stops * self._steps_per_stop
        return stops


class Encoder:
    """The encoder's pins. Posts an EncoderEdge from gpiozero's thread whenever a level has changed.

    Raises:
        PanelError: A pin cannot be used.
    """

    def __init__(self, panel: settings.Panel, post: Post) -> None:
        """Claim the pins; `post` is called with EncoderEdges, and with what a `Part` posts."""
        self._monitor = PartMonitor(Part.VOLUME, post)
        with pin_errors(), ExitStack() as opened:
            self._contacts = [
                _Contact(contact, number, panel.pull_up, post, opened)
                for contact, number in enumerate(panel.volume)
            ]
            self.decoder = EncoderDecoder(panel.volume_steps_per_stop, self._read())
            self._opened = opened.pop_all()

    def settle(self) -> int:
        """Return the stops that remain to be counted once no edge has come for a moment."""
        with self._monitor.job():
            return self.decoder.settle(self._read())
        return 0

    def close(self) -> None:
        """Release the pins."""
        self._opened.close()

    def _read(self) -> Levels:
        a, b = self._contacts
        return a.is_closed(), b.is_closed()


class _Contact:
    """One of the encoder's two pins. Must live as long as the pin: gpiozero refers to `_changed` weakly."""

    def __init__(self, contact: int, number: int, pull_up: bool, post: Post, opened: ExitStack) -> None:
        from gpiozero import InputDevice

        self._contact, self._closed_level, self._post = contact, not pull_up, post
        self._device: Any = opened.enter_context(InputDevice(number, pull_up=pull_up))
        # A DigitalInputDevice reports changes without their times.
        self._device.pin.edges = "both"
        self._device.pin.when_changed = self._changed

    def is_closed(self) -> bool:
        """Whether the contact is closed right now."""
        return bool(self._device.is_active)

    def _changed(self, ticks: float, level: int) -> None:
        self._post(EncoderEdge(self._contact, bool(level) == self._closed_level, ticks))
