"""A real MQTT broker, and a client of it that stands for Home Assistant."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.device.ports import kept_port
from tests.waiting import eventually

PROGRAM = shutil.which(
    "mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin"
)
needs_mosquitto = pytest.mark.skipif(PROGRAM is None, reason="no mosquitto here: apt-get install mosquitto")


NO_BROKER = "mqtt://127.0.0.1:1"
"""Where nobody listens."""


class Mosquitto:
    """mosquitto on a port of its own."""

    def __init__(self, folder: Path, *lines: str, users: bool = False) -> None:
        """Write its configuration.

        Args:
            folder: For its files.
            lines: More lines of the configuration.
            users: Whether it asks for a user and a password, which `lines` name.
        """
        self._kept = ExitStack()
        self.port = self._kept.enter_context(kept_port())
        self.log_file = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        anonymous = "false" if users else "true"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous {anonymous}\nuser root\n"
            + "\n".join(lines)
            + "\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        assert PROGRAM
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-v", "-c", str(self._config)], stdout=log, stderr=subprocess.STDOUT
            )
        eventually(self._listens)

    def stop(self) -> None:
        """Stop it."""
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def stop_and_go(self, number: int) -> None:
        """Send it SIGSTOP or SIGCONT."""
        assert self._process
        self._process.send_signal(number)

    @property
    def log(self) -> list[str]:
        """What it has logged, without the times."""
        return [line.partition(": ")[2].strip() for line in self.log_file.read_text().splitlines()]

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop()
        self._kept.close()


class HomeAssistant:
    """Takes all messages of a broker, as Home Assistant does of those of its entities, and sends commands."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.kept: dict[str, str] = {}
        self.messages: list[tuple[str, str]] = []
        self._ready = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)

        @client.connect_callback()
        def subscribe(client: Client, *_: Any) -> None:
            client.subscribe("#")

        @client.subscribe_callback()
        def ready(*_: Any) -> None:
            self._ready.set()

        client.on_message = self._take
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", port)
        client.loop_start()
        self._client = client
        assert self._ready.wait(60)

    def send(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish a message, and wait until the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)

    def flood(self, topic: str, payload: str | bytes, count: int) -> None:
        """Publish many messages at full speed."""
        for _ in range(count):
            self._client.publish(topic, payload)
        self.send(topic, payload)

    def topic(self, end: str) -> str:
        """The topic of the one box that ends so."""
        eventually(lambda: any(topic.endswith(end) for topic in self.kept))
        return next(topic for topic in self.kept if topic.endswith(end))

    def state(self) -> dict[str, Any]:
        """The box's newest state; empty before the first."""
        found: dict[str, Any] = json.loads(self._newest("/state") or "{}")
        return found

    def availability(self) -> str:
        """Whether the box is there."""
        return self._newest("/availability")

    def presses(self) -> list[str]:
        """The kinds of presses that were told, in order."""
        return [
            json.loads(payload)["event_type"] for topic, payload in self.messages if topic.endswith("/press")
        ]

    def count(self, end: str) -> int:
        """How many messages came on the topic that ends so."""
        return sum(topic.endswith(end) for topic, _ in self.messages)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _newest(self, end: str) -> str:
        return next((payload for topic, payload in self.kept.items() if topic.endswith(end)), "")

    def _take(self, _: Client, __: Any, message: MQTTMessage) -> None:
        payload = bytes(message.payload).decode(errors="replace")
        self.messages.append((message.topic, payload))
        self.kept[message.topic] = payload
