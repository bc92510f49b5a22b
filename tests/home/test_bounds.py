"""A broker that floods, lies, or keeps commands, and one that is away: none of it reaches the box."""

from __future__ import annotations

import signal
import socket
import threading

import psutil
import pytest

from device.demo.harness import Harness
from home.bridge import COMMANDS
from tests.home.conftest import Start
from tests.home.mosquitto import HomeAssistant, Mosquitto, free_port, needs_mosquitto
from tests.waiting import eventually

CONNACK = bytes([0x20, 3, 0, 0, 0])
LONGEST_PUBLISH = bytes([0x30, 0xFF, 0xFF, 0xFF, 0x7F])
"""The first bytes of a message of 256 MB, the longest that MQTT knows."""


class LyingBroker:
    """Lets a client in, and then sends what it likes. No real broker does so."""

    def __init__(self, content: bytes, count: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self.clients = 0
        self._content, self._count = content, count
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self.clients += 1
                connection.recv(4096)
                try:
                    connection.sendall(CONNACK)
                    for _ in range(self._count):
                        connection.sendall(self._content)
                except OSError:
                    pass

    def close(self) -> None:
        """Listen no more."""
        self._server.close()


@needs_mosquitto
def test_a_command_that_the_broker_has_kept_is_none(
    box: Harness, broker: Mosquitto, home_assistant: HomeAssistant, start: Start
) -> None:
    from home.topics import Topics, identifier

    topics = Topics(identifier())
    home_assistant.send(topics.command("camera"), "off", retain=True)
    start(f"mqtt://127.0.0.1:{broker.port}")
    eventually(lambda: home_assistant.availability() == "online")
    home_assistant.send(topics.command("camera"), "off", retain=True)  # nor one that it is just told to keep
    home_assistant.send(topics.command("by_hand"), "sad")
    eventually(lambda: home_assistant.state()["by_hand"] == "sad")
    assert home_assistant.state()["camera"] == "on"


@needs_mosquitto
def test_of_a_flood_of_commands_a_few_reach_the_box(
    box: Harness,
    broker: Mosquitto,
    home_assistant: HomeAssistant,
    start: Start,
    caplog: pytest.LogCaptureFixture,
) -> None:
    process = start(f"mqtt://127.0.0.1:{broker.port}")
    topic = home_assistant.topic("/state").removesuffix("/state")
    with caplog.at_level("INFO"):
        home_assistant.flood(f"{topic}/set/by_hand", "sad", 500)
        home_assistant.flood(f"{topic}/set/by_hand", "x" * 900, 500)
        home_assistant.flood(f"{topic}/set/nonsense", "\0", 500)

        def is_served() -> bool:  # a broker whose queue is full drops what comes, so this is said again
            home_assistant.send("homeassistant/status", "online")
            return home_assistant.count("/config") >= 2

        eventually(is_served, pause=1)
    carried_out = sum("chosen by hand" in record.getMessage() for record in caplog.records)
    assert 1 <= carried_out <= COMMANDS
    assert process.poll() is None


def test_a_packet_that_is_too_large_ends_the_process_alone(start: Start) -> None:
    broker = LyingBroker(LONGEST_PUBLISH + bytes(1 << 20), 1)
    process = start(broker.url)
    assert process.wait(60) == 1
    assert process.stderr
    assert "the broker sends what is too large" in process.stderr.read()
    broker.close()


def test_a_broker_that_speaks_something_else_is_tried_again(start: Start) -> None:
    broker = LyingBroker(b"HTTP/1.1 400 Bad Request\r\n\r\n", 100)
    process = start(broker.url)
    eventually(lambda: broker.clients >= 2)
    assert process.poll() is None
    broker.close()


def test_a_broker_that_is_away_is_waited_for(start: Start) -> None:
    process = start(f"mqtt://127.0.0.1:{free_port()}")
    assert process.stderr
    assert "cannot connect: Connection refused" in process.stderr.readline()
    assert process.poll() is None


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['username = "x"', 'password_file = "/no/such/file"'], "cannot be read: No such file or directory"),
        (['prefix = "a/#"'], "home.prefix: expected letters"),
    ],
)
def test_a_mistake_in_the_settings_is_one_line(start: Start, lines: list[str], problem: str) -> None:
    process = start("mqtt://127.0.0.1", *lines)
    assert process.wait(60) == 2
    assert process.stderr
    (line,) = process.stderr.read().splitlines()
    assert line.startswith("moodbox home: ")
    assert problem in line


@needs_mosquitto
def test_a_broker_that_hangs_costs_neither_memory_nor_the_box(
    box: Harness, broker: Mosquitto, home_assistant: HomeAssistant, start: Start
) -> None:
    process = psutil.Process(start(f"mqtt://127.0.0.1:{broker.port}").pid)
    eventually(lambda: home_assistant.availability() == "online")
    used = process.memory_info().rss
    broker.stop_and_go(signal.SIGSTOP)
    for _ in range(4):
        box.press()
        assert box.wait_for_observation(30)
    assert process.memory_info().rss - used < 1 << 20
    broker.stop_and_go(signal.SIGCONT)
    eventually(lambda: len(home_assistant.presses()) == 4)
