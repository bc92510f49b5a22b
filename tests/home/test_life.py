"""A whole life with a real box and a real mosquitto: start, press, trouble, a new broker, removal."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from device.demo.harness import Harness
from tests.home.conftest import Start
from tests.home.mosquitto import NO_BROKER, HomeAssistant, Mosquitto, needs_mosquitto
from tests.home.schema import Device, checked
from tests.waiting import eventually

pytestmark = needs_mosquitto


def test_a_whole_life(
    box: Harness, broker: Mosquitto, home_assistant: HomeAssistant, start: Start, tmp_path: Path
) -> None:
    url = f"mqtt://127.0.0.1:{broker.port}"
    process = start(url)
    # It is announced, and its state comes with it.
    config = home_assistant.topic("/config")
    eventually(lambda: home_assistant.availability() == "online")
    device = checked(json.loads(home_assistant.kept[config]))
    assert isinstance(device, Device)
    assert config == f"homeassistant/device/{device.device.identifiers[0]}/config"
    assert home_assistant.state()["mood"] == "happy"
    eventually(lambda: home_assistant.state()["trouble"] == "on")
    assert "player" in home_assistant.state()["what"]
    # Presses at the box.
    box.press()
    eventually(lambda: home_assistant.presses() == ["short"])
    box.double_press()
    eventually(lambda: home_assistant.presses() == ["short", "double"])
    # Commands from Home Assistant.
    topic = home_assistant.topic("/state").removesuffix("/state")
    home_assistant.send(f"{topic}/set/by_hand", "sad")
    eventually(lambda: home_assistant.state()["by_hand"] == "sad")
    home_assistant.send(f"{topic}/set/camera", "off")
    eventually(lambda: home_assistant.state()["camera"] == "off")
    home_assistant.send(f"{topic}/set/camera", "on")
    home_assistant.send(f"{topic}/set/style", "match")
    eventually(lambda: (home_assistant.state()["camera"], home_assistant.state()["style"]) == ("on", "match"))
    home_assistant.send(f"{topic}/set/look", "PRESS")
    eventually(lambda: home_assistant.state()["by_hand"] == "seen")
    # Home Assistant starts again, and learns anew what there is.
    announced = home_assistant.count("/config")
    home_assistant.send("homeassistant/status", "online")
    eventually(lambda: home_assistant.count("/config") == announced + 1)
    # The broker starts again, without what it had kept.
    broker.stop()
    home_assistant.kept.clear()
    broker.start()
    eventually(lambda: home_assistant.availability() == "online" and config in home_assistant.kept)
    # It ends: the box is offline, and still known.
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    eventually(lambda: home_assistant.availability() == "offline")
    assert home_assistant.kept[config]
    # It is switched off: the box is gone.
    assert start("").wait(60) == 0
    eventually(lambda: home_assistant.kept[config] == "" and not home_assistant.availability())
    assert list((tmp_path / "home").iterdir()) == []
    # mosquitto's log: the will, whom it let in, and nothing that it did not understand.
    lines = broker.log
    assert sum("New client connected" in line and "moodbox_" in line for line in lines) == 3
    assert any(line.startswith("Will message specified (7 bytes) (r1, q0)") for line in lines)
    assert not [line for line in lines if "due to" in line or "Denied" in line]


@pytest.mark.parametrize("state", ["/proc", "/dev/null"])
def test_a_disk_that_takes_nothing_does_not_keep_the_box_from_home_assistant(
    box: Harness, broker: Mosquitto, home_assistant: HomeAssistant, start: Start, state: str
) -> None:
    process = start(f"mqtt://127.0.0.1:{broker.port}", options=("--state", state))
    eventually(lambda: home_assistant.availability() == "online")
    process.send_signal(signal.SIGTERM)
    assert "to which broker the box was announced cannot be kept" in process.communicate(timeout=60)[1]


def test_a_broker_that_never_let_the_box_in_is_not_asked_to_remove_it(
    box: Harness, broker: Mosquitto, home_assistant: HomeAssistant, start: Start
) -> None:
    wrong = start(NO_BROKER)
    assert wrong.stderr
    assert "cannot connect" in wrong.stderr.readline()
    wrong.send_signal(signal.SIGTERM)
    wrong.communicate(timeout=60)
    process = start(f"mqtt://127.0.0.1:{broker.port}")
    eventually(lambda: home_assistant.availability() == "online")
    process.send_signal(signal.SIGTERM)
    assert "cannot be removed" not in process.communicate(timeout=60)[1]


def test_a_process_without_a_broker_says_so(box: Harness, start: Start) -> None:
    assert start("").communicate(timeout=60)[1] == "off: home.broker is not set\n"


def test_a_killed_process_leaves_the_box_offline(
    box: Harness, broker: Mosquitto, home_assistant: HomeAssistant, start: Start
) -> None:
    process = start(f"mqtt://127.0.0.1:{broker.port}")
    eventually(lambda: home_assistant.availability() == "online")
    process.kill()
    eventually(lambda: home_assistant.availability() == "offline")
