"""Carries replies from the box to one connection of the control socket, without ever blocking the box."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

MAX_WAITING = 16  # replies; of more, the oldest are dropped


class Mailbox:
    """A bounded queue of replies. The box puts, the connection's thread gets."""

    def __init__(self) -> None:
        """Begin empty and open."""
        self._replies: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._changed = threading.Condition()
        self.closed = False

    def put(self, reply: dict[str, Any]) -> None:
        """Add a reply."""
        with self._changed:
            self._replies.append(reply)
            self._changed.notify()

    def get(self, timeout: float) -> dict[str, Any] | None:
        """Wait so many seconds for a reply; None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._replies, timeout)
            return self._replies.popleft() if self._replies else None

    def close(self) -> None:
        """Say that nobody takes replies any more."""
        self.closed = True
