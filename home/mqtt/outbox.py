"""What is still to be published: of each retained topic the newest message alone, and a few events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MAX_EVENTS = 32
"""That wait; of more, the oldest are dropped."""


@dataclass(frozen=True)
class Message:
    """A message for the broker."""

    topic: str
    payload: str
    retain: bool


class Outbox:
    """Bounded, so that a broker that takes nothing costs no memory."""

    def __init__(self) -> None:
        self._retained: dict[str, str] = {}
        self._events: deque[Message] = deque(maxlen=MAX_EVENTS)
        self._kept: dict[str, str] = {}  # what the broker has

    def keep(self, topic: str, payload: str) -> None:
        """Publish a message that the broker keeps, unless it has it; it takes the place of one that waits."""
        self._retained.pop(topic, None)
        if self._kept.get(topic) != payload:
            self._retained[topic] = payload

    def again(self) -> None:
        """Publish from now on also what the broker has."""
        self._kept.clear()

    def add_event(self, topic: str, payload: str) -> None:
        """Publish an event."""
        self._events.append(Message(topic, payload, retain=False))

    def take(self) -> Message | None:
        """Return the next message, those to be kept first; None if there is none."""
        for topic, payload in self._retained.items():
            del self._retained[topic]
            self._kept[topic] = payload
            return Message(topic, payload, retain=True)
        return self._events.popleft() if self._events else None

    def clear(self) -> None:
        """Forget what waits: an event that comes late is none."""
        self._retained.clear()
        self._events.clear()
        self.again()
