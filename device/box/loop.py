"""The box's event loop: one queue of events, and timers."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Generic, TypeVar

MAX_WAIT_S = 3600.0  # where no timer is set
MAX_EVENTS = 1000  # in a row: then timers run even if there are more

E = TypeVar("E")


@dataclass(frozen=True)
class Stop:
    """The box has to end (SIGTERM, SIGINT, SIGHUP)."""


class Loop(Generic[E]):
    """Events and timers of one thread. Other threads may only put events into the queue.

    A timer is named by its action: to schedule an action again moves its timer.
    """

    def __init__(self, events: SimpleQueue[E]) -> None:
        self._events = events
        self._timers: dict[Callable[[], None], float] = {}

    def schedule(self, action: Callable[[], None], at: float) -> None:
        """Call `action` once at `at`, in monotonic seconds; infinite for never."""
        self._timers[action] = at

    def schedule_in(self, action: Callable[[], None], seconds: float) -> None:
        """Call `action` once after so many seconds."""
        self.schedule(action, monotonic() + seconds)

    def is_scheduled(self, action: Callable[[], None]) -> bool:
        """Whether a timer for `action` is set."""
        return action in self._timers

    def cancel(self, *actions: Callable[[], None]) -> None:
        """Remove the timers of these actions, if there are any."""
        for action in actions:
            self._timers.pop(action, None)

    def cancel_all(self) -> None:
        """Remove all timers."""
        self._timers.clear()

    def handle_events(self, handle: Callable[[E], None]) -> None:
        """Wait for an event or the next timer, then handle all events, and those that come meanwhile.

        A timer must not run before an event that came earlier: it would find the button released, and take
        the press, whose release is still in the queue, for a bounce.
        """
        wait = min(self._timers.values(), default=math.inf) - monotonic()
        with contextlib.suppress(Empty):
            handle(self._events.get(timeout=min(max(0, wait), MAX_WAIT_S)))
            for _ in range(MAX_EVENTS):
                handle(self._events.get_nowait())

    def run_due_timers(self) -> None:
        """Call the actions that are due. An action may cancel another one that is due as well."""
        now = monotonic()
        for action in list(self._timers):
            if self._timers.get(action, math.inf) <= now:
                del self._timers[action]
                action()
