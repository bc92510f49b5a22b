"""The controls beside the button: an encoder for the volume, and a button for the next song."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from device.box import control_events
from device.box.control_events import ControlEvents
from device.box.loop import Loop
from device.config.settings import Panel, Settings
from device.demo.harness import PRESS_S, Harness, harness_for
from device.demo.server import PrivateMpd
from device.health import Part
from device.panel import button as edges
from device.panel.button import Button, Edge
from device.panel.controls import ControlPressed, Controls, VolumeTurned, open_control
from device.panel.encoder import CYCLE, Encoder, EncoderEdge
from device.panel.lights import Indication
from tests.device.box.helpers import PictureSequence, plays, shows
from tests.waiting import eventually

ENCODER, NEXT, CORRECT = (22, 23), 24, 25


@pytest.fixture
def wired(settings: Settings, camera: PictureSequence, library: PrivateMpd) -> Iterator[Harness]:
    panel = msgspec.structs.replace(settings.panel, volume=ENCODER, next=NEXT, correct=CORRECT)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as made:
        yield made


def turn(stops: int) -> None:
    for n in range(1, 4 * abs(stops) + 1):
        for pin, closed in zip(ENCODER, CYCLE[(n if stops > 0 else -n) % 4], strict=True):
            mock = Device.pin_factory.pin(pin)
            mock.drive_low() if closed else mock.drive_high()
        time.sleep(0.002)


def press(pin: int) -> None:
    Device.pin_factory.pin(pin).drive_low()
    time.sleep(PRESS_S)
    Device.pin_factory.pin(pin).drive_high()


def test_the_encoder_changes_the_volume_of_mpd(wired: Harness, library: PrivateMpd) -> None:
    plays(wired, "Disco")
    client = library.client()
    client.setvol(50)
    turn(-2)
    eventually(lambda: int(client.status()["volume"]) < 50)
    turn(4)
    eventually(lambda: int(client.status()["volume"]) > 50)


def test_the_button_next_goes_on_to_the_next_song_without_a_look(
    wired: Harness, camera: PictureSequence
) -> None:
    plays(wired, "Disco")
    song, looks = wired.status()["song"], camera.opened
    press(NEXT)
    eventually(lambda: wired.status()["song"] not in (song, None))
    assert camera.opened == looks


def test_the_button_next_brings_music_if_there_is_nothing_to_skip(
    wired: Harness, library: PrivateMpd
) -> None:
    plays(wired, "Disco")
    library.client().stop()
    eventually(lambda: wired.status()["playing"] == "stop")
    press(NEXT)
    plays(wired, "Disco")


def test_a_control_whose_pin_cannot_be_used_is_trouble_and_the_others_work(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    """GPIO2 has a resistor to 3.3 V on the board, so that no button to 3.3 V can be seen there."""
    panel = msgspec.structs.replace(settings.panel, pull_up=False, next=2, volume=(22, 23), hold=30.0)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        trouble = harness.status()["trouble"]
        assert trouble.keys() == {"next"}
        assert "choose other pins in [panel]" in trouble["next"]
        Device.pin_factory.pin(panel.button).drive_high()
        shows(harness, Indication.PRESSED)


def test_the_stops_of_a_fast_turn_are_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they are one command to MPD."""
    monkeypatch.setattr(control_events, "SUM_S", 0.5)  # also if the last of them is seen late
    Device.pin_factory = MockFactory()
    events: SimpleQueue[Any] = SimpleQueue()
    loop, found = Loop(events), SimpleQueue[Any]()
    with closing(Encoder(Panel(volume=ENCODER), events.put)) as encoder:
        controls = ControlEvents(loop, Controls(encoder), events.put)

        def handle(event: Any) -> None:
            controls.handle(event) if isinstance(event, EncoderEdge) else found.put(event)

        turn(5)
        while found.empty():
            loop.handle_events(handle)
            loop.run_due_timers()
    assert found.get() == VolumeTurned(5)
    assert found.empty()
    Device.pin_factory.reset()


@pytest.mark.parametrize("part", [Part.NEXT, Part.CORRECT])
def test_a_button_that_bounces_is_pressed_once(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    Device.pin_factory = MockFactory()
    events: SimpleQueue[Any] = SimpleQueue()
    loop, found = Loop(events), []
    panel = Panel(next=24, correct=25)
    button = open_control(panel, part, events.put)
    assert isinstance(button, Button)
    with closing(button):
        controls = ControlEvents(loop, Controls(buttons={part: button}), events.put)

        def handle(event: Any) -> None:
            controls.handle(event) if isinstance(event, Edge) else found.append(event)

        pin = Device.pin_factory.pin({Part.NEXT: panel.next, Part.CORRECT: panel.correct}[part])
        now = time.monotonic()
        monkeypatch.setattr(edges, "monotonic", lambda: now)  # however late this thread is between two edges
        for level in (pin.drive_low, pin.drive_high) * 5 + (pin.drive_low,):
            level()
        while not found:
            loop.handle_events(handle)
            loop.run_due_timers()
        now = time.monotonic()
        for level in (pin.drive_high, pin.drive_low) * 5 + (pin.drive_high,):
            level()
        time.sleep(2 * panel.debounce)
        events.put("the end")
        while "the end" not in found:
            loop.handle_events(handle)
            loop.run_due_timers()
    assert found == [ControlPressed(part), "the end"]
    Device.pin_factory.reset()
