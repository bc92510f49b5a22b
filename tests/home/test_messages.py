"""What is said to Home Assistant, and what is understood of it: pure functions."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.box.state import State
from device.box.status import status_of
from device.control import page_commands, protocol
from device.control.command import Command
from device.control.timer_commands import Sleep, Wake
from device.mood import NO_FACE, Decision, Mood, Outcome
from device.timers.now import Now
from device.timers.state import NO_TIMERS
from home.commands import CommandError, request_of
from home.discovery import PRESSES, discovery
from home.mqtt.outbox import MAX_EVENTS, Message, Outbox
from home.state import presses_between, state_of
from home.topics import Topics, identifier
from tests.home.schema import BinarySensor, Event, Number, Select, Sensor, Switch, Text, checked, rendered

TOPICS = Topics("moodbox_1")
HAPPY = Decision(Outcome.MOOD, Mood.HAPPY, 0.912, {Mood.HAPPY: 0.912, Mood.SAD: 0.088})


def status(state: State = State(), **changes: Any) -> dict[str, Any]:  # noqa: B008 - it is frozen
    """The status of a box without MPD, as a subscriber gets it."""
    found = status_of(state, None, estimate=None, stepped_back=False, style="lift", startup_s={"light": 0.1})
    decoded: dict[str, Any] = json.loads(json.dumps(found))
    return decoded | changes


def test_home_assistant_takes_the_message_that_announces_the_box() -> None:
    device = checked(discovery(TOPICS, "Kitchen", "0.1.0"))
    kinds = {key: type(component).__name__ for key, component in device.components.items()}
    assert kinds == {
        "mood": "Sensor", "confidence": "Sensor", "song": "Sensor", "version": "Sensor",
        "trouble": "BinarySensor", "look": "Button", "next": "Button", "pause": "Button", "volume": "Number",
        "by_hand": "Select", "style": "Select", "camera": "Switch", "press": "Event",
        "sleep": "Number", "sleep_ends": "Sensor", "wake": "Text", "wake_on": "Switch",
    }  # fmt: skip
    assert device.availability[0].topic == TOPICS.availability


def test_the_schema_refuses_a_key_that_home_assistant_does_not_know() -> None:
    wrong = discovery(TOPICS, "Kitchen", "0.1.0")
    wrong["components"]["mood"]["colour"] = "red"
    with pytest.raises(msgspec.ValidationError):
        checked(wrong)


@pytest.mark.parametrize(
    "state",
    [
        State(),
        State(decision=HAPPY),
        State(decision=HAPPY, by_hand=Mood.SAD, camera_off=True, trouble=(("player", "x" * 400),)),
        State(decision=NO_FACE, timers=NO_TIMERS.sleeping(30, Now(0, 1.8e9)).waking(450, Now(0, 1.8e9))),
        State(decision=Decision(Outcome.UNSURE, confidence=0.4, probabilities={Mood.SAD: 0.4})),
    ],
)
def test_every_state_is_one_that_its_entity_can_have(state: State) -> None:
    told = state_of(status(state, volume=40, song="A - B" * 100))
    for component in checked(discovery(TOPICS, "Kitchen", "0.1.0")).components.values():
        if isinstance(component, Event) or not hasattr(component, "value_template"):
            continue
        value = rendered(component.value_template, told)
        assert len(value) <= 255
        match component:
            case Sensor(options=list(options)):
                assert value in [*options, "None"]
            case Select(options=options):
                assert value in options
            case Switch() | BinarySensor():
                assert value in (component.payload_on, component.payload_off)
            case Number():
                assert component.min <= float(value) <= component.max
            case Text():
                assert re.fullmatch(component.pattern, value)
                assert len(value) <= component.max
            case Sensor(device_class="timestamp"):
                assert value == "None" or datetime.fromisoformat(value).tzinfo
        if component.json_attributes_template:
            assert isinstance(json.loads(rendered(component.json_attributes_template, told)), dict)


def test_the_mood_that_was_seen_stays_beside_one_by_hand() -> None:
    told = state_of(status(State(decision=HAPPY, by_hand=Mood.SAD)))
    assert (told["mood"], told["by_hand"], told["confidence"]) == ("happy", "sad", 91.2)
    assert told["probabilities"] == {"happy": 0.912, "sad": 0.088}
    assert state_of(status())["by_hand"] == "seen"


def test_each_press_is_told_once_and_none_of_another_life_of_the_box() -> None:
    earlier = status(presses={"short": 2, "double": 0, "long": 1})
    later = status(presses={"short": 3, "double": 2, "long": 1})
    assert list(presses_between(earlier, later)) == ["short", "double", "double"]
    assert list(presses_between(later, later)) == []
    assert list(presses_between(later, earlier)) == []
    assert list(presses_between(earlier, later | {"start": {"light": 0.2}})) == []
    assert set(PRESSES) == set(later["presses"])


@pytest.mark.parametrize(
    ("name", "payload", "request_"),
    [
        ("look", b"PRESS", protocol.Press()),
        ("next", b"PRESS", protocol.Skip()),
        ("pause", b"PRESS", protocol.Play()),
        ("volume", b"40", protocol.Volume(to=40)),
        ("volume", b"100.0", protocol.Volume(to=100)),
        ("by_hand", b"sad", protocol.SetMood(mood=Mood.SAD)),
        ("by_hand", b"seen", protocol.Press()),
        ("style", b"match", page_commands.Set(key="music.style", value="match")),
        ("camera", b"off", protocol.Camera(to="off")),
        ("sleep", b"30", Sleep(minutes=30)),
        ("sleep", b"0.0", Sleep(minutes=0)),
        ("wake", b"7:30", Wake(to="7:30")),
        ("wake_on", b"on", Wake(to="on")),
    ],
)
def test_a_message_is_a_request(name: str, payload: bytes, request_: Command) -> None:
    assert request_of(name, payload, status()) == request_


def test_the_button_pause_pauses_what_plays() -> None:
    assert request_of("pause", b"PRESS", status(playing="play")) == protocol.Pause()


@given(st.sampled_from(["look", "volume", "by_hand", "style", "camera", "press"]) | st.text(), st.binary())
def test_any_other_message_is_none(name: str, payload: bytes) -> None:
    known = {b"PRESS", b"on", b"off", b"lift", b"match", b"seen", *(str(mood).encode() for mood in Mood)}
    if payload in known or (payload.isdigit() and len(payload) < 4):
        return
    with pytest.raises(CommandError):
        request_of(name, payload, status())


def test_a_sleep_timer_or_a_wake_time_out_of_range_is_none() -> None:
    wrong = (("sleep", b"601"), ("sleep", b"-1"), ("wake", b"24:00"), ("wake", b""), ("wake", b"on"))
    for name, payload in wrong:
        with pytest.raises(CommandError):
            request_of(name, payload, status())


def test_a_wrong_message_is_answered_with_what_was_sent_and_what_is_taken() -> None:
    with pytest.raises(CommandError, match=r"^'Sad' on the topic 'by_hand': expected seen, angry, .*sad"):
        request_of("by_hand", b"Sad", status())
    with pytest.raises(CommandError, match=r"^'on' on the topic 'wak': there is no such topic$"):
        request_of("wak", b"on", status())
    with pytest.raises(CommandError, match=r"^99 bytes on the topic 'volume': expected a number from 0"):
        request_of("volume", b"4" * 99, status())


def test_a_large_volume_is_none() -> None:
    for payload in (b"101", b"-1", b"1e2", b"4" * 10**6):
        with pytest.raises(CommandError):
            request_of("volume", payload, status())


def test_what_waits_is_bounded_and_the_newest_state_counts() -> None:
    outbox = Outbox()
    for number in range(1000):
        outbox.keep("state", str(number))
        outbox.add_event("press", str(number))
    assert outbox.take() == Message("state", "999", retain=True)
    left = []
    while message := outbox.take():
        left.append(message.payload)
    assert left == [str(number) for number in range(1000 - MAX_EVENTS, 1000)]
    outbox.keep("state", "999")
    assert outbox.take() is None  # the broker has it
    outbox.again()
    outbox.keep("state", "999")
    assert outbox.take()


def test_the_identifier_stays_and_does_not_tell_the_machines_own(tmp_path: Path) -> None:
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    found = identifier(tmp_path / "machine-id")
    assert found == identifier(tmp_path / "machine-id")
    assert found.replace("_", "").isalnum()
    assert "0123456789ab" not in found
    assert identifier(tmp_path / "missing") != found
