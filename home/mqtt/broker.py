"""The connection to the MQTT broker. paho-mqtt holds it, on a thread of its own, and connects again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from device.config.home import Home
from device.config.paths import expanded
from home.commands import MAX_BYTES
from home.mqtt.advice import with_advice
from home.mqtt.credentials import read_password, trust
from home.mqtt.outbox import Message
from home.topics import Topics

KEEP_ALIVE_S = 60
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 120
STEADY_S = 60.0
"""After a connection that has lasted so long, the first pause is the shortest again. paho itself would do so
after each, so that a broker which ends it at once would be tried every second without end.
"""
MAX_PACKET_BYTES = 1024
"""That the broker may send; MQTT 5 tells it so."""
DO_NOT_SEND = SubscribeOptions.RETAIN_DO_NOT_SEND
OFFLINE, ONLINE = "offline", "online"
CLOSED_CODE, CLOSED = "Unspecified error", "the other end has closed it"
"""What paho calls it, and what it is."""


@dataclass(frozen=True)
class Connected:
    """The broker takes messages."""


@dataclass(frozen=True)
class Disconnected:
    """It does not; the connection is tried again."""

    reason: str


@dataclass(frozen=True)
class Written:
    """The broker has taken the last message."""


@dataclass(frozen=True)
class CommandReceived:
    """Somebody wants something of the box."""

    name: str
    payload: bytes


@dataclass(frozen=True)
class HomeAssistantStarted:
    """Home Assistant wants to be told again what there is."""


Event = Connected | Disconnected | Written | CommandReceived | HomeAssistantStarted


class Broker:
    """Posts what happens, from paho's thread."""

    def __init__(
        self, home: Home, topics: Topics, post: Callable[[Event], None], *, keeps_will: bool = True
    ) -> None:
        """Take the settings; nothing is connected yet.

        Args:
            home: The settings.
            topics: The box's.
            post: Takes the events; called on another thread.
            keeps_will: Whether the broker says that the box is offline once the connection ends, and the box
                listens to commands; False for a short connection beside that one.

        Raises:
            SettingsError: The password or the certificates cannot be read.
        """
        self._topics, self._post, self._keeps_will = topics, post, keeps_will
        self._address = home.address()
        self._refusal = ""
        self._since: float | None = None  # when the broker let the box in
        self._pause_s = FIRST_PAUSE_S  # before it is tried again
        self._client = client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=topics.box if keeps_will else f"{topics.box}_once",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        if home.username:
            password = read_password(expanded(home.password_file)) if home.password_file else None
            client.username_pw_set(home.username, password)
        if self._address[2]:
            client.tls_set_context(trust(home.ca))
        if keeps_will:
            client.will_set(topics.availability, OFFLINE, retain=True)
        client.reconnect_delay_set(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = lambda *_: post(Written())
        client.on_message = self._on_message

    def start(self) -> None:
        """Begin to connect."""
        bounds = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        bounds.MaximumPacketSize = MAX_PACKET_BYTES
        host, port, _ = self._address
        self._client.connect_async(host, port, KEEP_ALIVE_S, properties=bounds)
        self._client.loop_start()

    def publish(self, message: Message) -> None:
        """Hand over a message, without waiting; Written follows once the broker has it."""
        self._client.publish(message.topic, message.payload, retain=message.retain)

    def disconnect(self) -> None:
        """End the connection, and with it the box's being online. Disconnected follows."""
        reason = "Disconnect with will message" if self._keeps_will else "Normal disconnection"
        self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, reason))

    def _on_connect(self, client: Client, _: Any, __: Any, code: ReasonCode, ___: Any) -> None:
        if code.is_failure:
            self._refusal = with_advice(f"the broker refuses: {str(code).lower()}")
            return None  # paho says next that the connection has ended
        self._since = monotonic()
        if self._keeps_will:
            # Nothing that a broker has kept is a command: it may be days old.
            options = SubscribeOptions(retainAsPublished=True, retainHandling=DO_NOT_SEND)
            topics = self._topics
            client.subscribe([(topics.command("+"), options), (topics.birth, options)])
        return self._post(Connected())

    def _on_connect_fail(self, _: Client, __: Any) -> None:
        error = sys.exception()  # paho calls this while it handles it
        reason = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or error
        self._post(Disconnected(with_advice(f"cannot connect: {reason}")))

    def _on_disconnect(self, client: Client, __: Any, ___: Any, code: ReasonCode, ____: Any) -> None:
        if self._since is not None and monotonic() - self._since >= STEADY_S:
            self._pause_s = FIRST_PAUSE_S
        client.reconnect_delay_set(self._pause_s, LONGEST_PAUSE_S)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        refusal, self._refusal, self._since = self._refusal, "", None
        reason = CLOSED if str(code) == CLOSED_CODE else str(code).lower()
        self._post(Disconnected(refusal or with_advice(f"the connection has ended: {reason}")))

    def _on_message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # it is none of the box's
        if topic == self._topics.birth:
            if message.payload == ONLINE.encode():
                self._post(HomeAssistantStarted())
        elif (name := self._topics.command_of(topic)) and not message.retain:
            self._post(CommandReceived(name, bytes(message.payload[: MAX_BYTES + 1])))
