"""A short connection to the broker: to see whether it can be reached, or to remove the box there."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic

from device.config.home import Home
from home.bounds import report_failed_threads
from home.mqtt.broker import Broker, Connected, Disconnected, Event, Written
from home.mqtt.outbox import Message
from home.topics import Topics

PATIENCE_S = 10.0
END_S = 1.0


def reach(home: Home, topics: Topics) -> str:
    """Connect to the broker, and return why that fails; "" if it does not.

    Raises:
        SettingsError: The password or the certificates cannot be read.
    """
    return _publish(home, topics, ())


def remove(home: Home, topics: Topics) -> str:
    """Have the broker forget all that it keeps of this box, and Home Assistant its entities.

    Returns:
        Why that fails; "" if it does not.

    Raises:
        SettingsError: The password or the certificates cannot be read.
    """
    return _publish(home, topics, topics.retained)


def _publish(home: Home, topics: Topics, emptied: tuple[str, ...]) -> str:
    events: SimpleQueue[Event] = SimpleQueue()
    report_failed_threads(lambda reason: events.put(Disconnected(reason)))
    broker = Broker(home, topics, events.put, keeps_will=False)
    broker.start()
    end = monotonic() + PATIENCE_S
    left = list(emptied)
    try:
        while (patience := end - monotonic()) > 0:
            match events.get(timeout=patience):
                case Disconnected(reason):
                    return reason
                case Connected() | Written():
                    if not left:
                        return ""
                    broker.publish(Message(left.pop(0), "", retain=True))
    except Empty:
        pass
    finally:
        broker.disconnect()
        with suppress(Empty):
            while not isinstance(events.get(timeout=END_S), Disconnected):
                pass
    return f"the broker does not answer within {PATIENCE_S:g} s"
