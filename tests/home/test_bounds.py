"""A broker that floods, lies, or keeps commands, and one that is away: none of it reaches the box."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from queue import SimpleQueue
from time import monotonic
from typing import Any

import psutil
import pytest
from paho.mqtt.client import Client

from device.config.home import Home
from device.demo.harness import Harness
from home.bridge import COMMANDS, COMMANDS_S
from home.mqtt.broker import LONGEST_PAUSE_S, Broker, Connected, Disconnected, Event, HomeAssistantStarted
from home.topics import Topics
from tests.home.conftest import Start
from tests.home.lying_broker import LONGEST, NOT_AUTHORIZED, SESSION_TAKEN_OVER, LyingBroker, publish
from tests.home.mosquitto import NO_BROKER, HomeAssistant, Mosquitto, needs_mosquitto
from tests.waiting import eventually


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
    began = monotonic()
    with caplog.at_level("INFO"):
        home_assistant.flood(f"{topic}/set/by_hand", "sad", 500)
        home_assistant.flood(f"{topic}/set/by_hand", "x" * 900, 500)
        home_assistant.flood(f"{topic}/set/nonsense", "\0", 500)

        def is_served() -> bool:  # a broker whose queue is full drops what comes, so this is said again
            home_assistant.send("homeassistant/status", "online")
            return home_assistant.count("/config") >= 2

        eventually(is_served, pause=1)
    carried_out = sum("chosen by hand" in record.getMessage() for record in caplog.records)
    assert 1 <= carried_out <= COMMANDS * (1 + (monotonic() - began) // COMMANDS_S)
    assert process.poll() is None


@pytest.fixture
def events() -> SimpleQueue[Event]:
    return SimpleQueue()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The pauses that are asked of paho; it makes none."""
    asked: list[int] = []
    clients: set[Client] = set()
    set_pause = Client.reconnect_delay_set

    def record(client: Client, first: int, longest: int) -> None:
        clients.add(client)
        asked.append(first)
        set_pause(client, 0, longest)

    monkeypatch.setattr(Client, "reconnect_delay_set", record)
    yield asked
    for client in clients:  # or its thread would connect again and again, and count in the next test
        client.loop_stop()


def connect(lying: LyingBroker, events: SimpleQueue[Event]) -> Broker:
    """A connection to this broker, without the process around it."""
    broker = Broker(Home(broker=lying.url), Topics("moodbox_1"), events.put)
    broker.start()
    return broker


def test_a_packet_that_is_too_large_ends_the_process_alone(start: Start) -> None:
    with LyingBroker(b"\x30" + LONGEST + bytes(1 << 20)) as broker:
        process = start(broker.url)
        assert process.wait(60) == 1
    assert process.stderr
    assert "the broker sends what is too large" in process.stderr.read()


def test_a_packet_that_is_too_large_fails_the_check_in_one_line(start: Start) -> None:
    with LyingBroker(b"", welcome=b"\x20" + LONGEST + bytes(1 << 20)) as broker:
        process = start(broker.url, options=("--check",))
        said, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (1, "")
        assert said == f"{broker.url}: the broker sends what is too large: is it one?\n"


def test_a_broker_that_speaks_something_else_is_tried_again(start: Start) -> None:
    with LyingBroker(b"HTTP/1.1 400 Bad Request\r\n\r\n", 100) as broker:
        process = start(broker.url)
        eventually(lambda: broker.clients >= 2)
        assert process.poll() is None


@pytest.mark.parametrize("content", [b"", SESSION_TAKEN_OVER])
def test_a_broker_that_ends_each_connection_is_tried_less_and_less_often(
    pauses: list[int], events: SimpleQueue[Event], content: bytes
) -> None:
    with LyingBroker(content) as lying:
        connect(lying, events)
        eventually(lambda: len(pauses) > 9)
    _, *after = pauses  # the first is what it begins with
    assert after[:9] == [1, 2, 4, 8, 16, 32, 64, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_connection_that_has_lasted_is_tried_again_at_once(
    pauses: list[int], events: SimpleQueue[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("home.mqtt.broker.STEADY_S", 0.0)
    with LyingBroker(b"") as lying:
        connect(lying, events)
        eventually(lambda: len(pauses) > 4)
    assert set(pauses) == {1}


def test_a_refusal_is_one_line_that_says_what_to_do(pauses: list[int], events: SimpleQueue[Event]) -> None:
    with LyingBroker(b"", welcome=NOT_AUTHORIZED) as lying:
        connect(lying, events)
        eventually(lambda: events.qsize() > 3)
    said: set[Any] = {events.get() for _ in range(3)}
    assert said == {
        Disconnected(
            "the broker refuses: not authorized; check home.username and the password in home.password_file, "
            "then sudo systemctl restart moodbox-home"
        )
    }


def test_a_message_on_a_topic_that_is_no_text_is_ignored(events: SimpleQueue[Event]) -> None:
    with LyingBroker(publish(b"\xff", b"on") + publish(b"homeassistant/status", b"online")) as lying:
        connect(lying, events)
        assert [events.get(timeout=60), events.get(timeout=60)] == [Connected(), HomeAssistantStarted()]


def test_a_broker_that_is_away_is_waited_for(start: Start) -> None:
    process = start(NO_BROKER)
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
    for number in range(1, 5):
        box.press()
        eventually(lambda: box.state.presses.short == number)  # noqa: B023 - at once
    assert process.memory_info().rss - used < 1 << 20
    broker.stop_and_go(signal.SIGCONT)
    eventually(lambda: len(home_assistant.presses()) == 4)
