"""Joins the box and the broker: one queue of events, one consumer."""

from __future__ import annotations

import json
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

from device import __version__
from device.config.home import Home
from device.control.client import ask
from device.errors import MoodboxError
from home.box import BoxWatcher
from home.commands import CommandError, request_of
from home.discovery import discovery
from home.mqtt import broker as mqtt
from home.mqtt.broker import Broker
from home.mqtt.outbox import Outbox
from home.state import Status, presses_between, state_of
from home.topics import Topics

log = logging.getLogger(__name__)

COMMANDS, COMMANDS_S = 20, 10.0
"""So many commands within so many seconds count; the rest of a flood is dropped."""
MAX_WAITING = 64  # events; while more wait, no message of the broker is taken
ANNOUNCE_WITHIN_S = (1.0, 10.0)
"""After Home Assistant's start: several boxes must not answer at once."""
END_S = 2.0


@dataclass(frozen=True)
class BoxChanged:
    """There is a newer status, or the box does not answer any more."""


@dataclass(frozen=True)
class End:
    """The process has to end. failure: why, if something has gone wrong."""

    failure: str = ""


Event = mqtt.Event | BoxChanged | End


class Bridge:
    """Tells the broker what the box does, and the box what comes from the broker."""

    def __init__(
        self, home: Home, socket: Path, topics: Topics, name: str, remember: Callable[[], None]
    ) -> None:
        """Take what it joins; nothing runs yet.

        Args:
            home: The settings.
            socket: The box's control socket.
            topics: The box's.
            name: The box's in Home Assistant.
            remember: Notes that this broker has heard of the box; a broker that never let it in has not.

        Raises:
            SettingsError: The password or the certificates cannot be read.
        """
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._topics, self._name, self._socket = topics, name, socket
        self._broker = Broker(home, topics, self._post)
        self._box = BoxWatcher(socket, lambda: self._events.put(BoxChanged()))
        self._remember = remember
        self._outbox = Outbox()
        self._status: Status | None = None
        self._earlier: Status | None = None  # the last that there was
        self._is_connected = False
        self._is_writing = False
        self._announce_at: float | None = None
        self._commands: deque[float] = deque(maxlen=COMMANDS)
        self._said = ""

    def end(self, failure: str = "") -> None:
        """Have it end; safe in a signal handler and on any thread."""
        self._events.put(End(failure))

    def run(self) -> int:
        """Run until `end` is called, and return the exit code."""
        self._box.start()
        self._broker.start()
        while True:
            try:
                event = self._events.get(timeout=self._wait_s())
            except Empty:
                self._announce()
            else:
                if isinstance(event, End):
                    break
                self._handle(event)
            self._write()
        if event.failure:
            log.error("%s; this process ends, and systemd starts it again", event.failure)
            return 1
        self._say_goodbye()
        return 0

    def _post(self, event: mqtt.Event) -> None:
        """Take an event of the broker, unless it floods us."""
        is_message = isinstance(event, mqtt.CommandReceived | mqtt.HomeAssistantStarted)
        if not is_message or self._events.qsize() < MAX_WAITING:
            self._events.put(event)

    def _wait_s(self) -> float | None:
        return None if self._announce_at is None else max(0.0, self._announce_at - monotonic())

    def _handle(self, event: Event) -> None:
        match event:
            case mqtt.Connected():
                self._remember()
                self._is_connected, self._is_writing = True, False
                self._say("the broker is connected")
                self._announce()
            case mqtt.Disconnected(reason):
                self._is_connected = self._is_writing = False
                self._outbox.clear()
                self._say(reason)
            case mqtt.Written():
                self._is_writing = False
            case mqtt.HomeAssistantStarted():
                if self._announce_at is None:
                    self._announce_at = monotonic() + random.uniform(*ANNOUNCE_WITHIN_S)  # noqa: S311
            case mqtt.CommandReceived(name, payload):
                self._carry_out(name, payload)
            case BoxChanged():
                self._changed(self._box.take())

    def _announce(self) -> None:
        """Say what there is, and how it is."""
        self._announce_at = None
        self._outbox.again()
        self._outbox.keep(self._topics.config, json.dumps(discovery(self._topics, self._name, __version__)))
        self._tell_state()

    def _tell_state(self) -> None:
        if self._status:
            self._outbox.keep(self._topics.state, json.dumps(state_of(self._status)))
        self._outbox.keep(self._topics.availability, mqtt.ONLINE if self._status else mqtt.OFFLINE)

    def _changed(self, status: Status | None) -> None:
        self._status = status
        if not self._is_connected:
            self._earlier = status or self._earlier
            return
        self._tell_state()
        if status:
            for kind in presses_between(self._earlier, status) if self._earlier else ():
                self._outbox.add_event(self._topics.press, json.dumps({"event_type": kind}))
            self._earlier = status

    def _carry_out(self, name: str, payload: bytes) -> None:
        now = monotonic()
        if len(self._commands) == COMMANDS and now - self._commands[0] < COMMANDS_S:
            return self._say("too many commands come from the broker: some are dropped")
        self._commands.append(now)
        try:
            if self._status:
                ask(self._socket, request_of(name, payload, self._status))
                log.info("%s, by MQTT", name)
        except (CommandError, MoodboxError) as error:
            self._say(f"a command by MQTT was not carried out: {error}")
        return None

    def _write(self) -> None:
        """Hand over the next message, once the broker has taken the last one."""
        if self._is_connected and not self._is_writing and (message := self._outbox.take()):
            self._is_writing = True
            self._broker.publish(message)

    def _say(self, text: str) -> None:
        """Log a line, unless it was the last one, too."""
        if text != self._said:
            log.info("%s", text)
        self._said = text

    def _say_goodbye(self) -> None:
        self._broker.disconnect()
        end = monotonic() + END_S
        while self._is_connected and (left := end - monotonic()) > 0:
            try:
                if isinstance(self._events.get(timeout=left), mqtt.Disconnected):
                    return
            except Empty:
                return
