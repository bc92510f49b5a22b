"""The lights follow the state and the clock; lights that fail are tried again."""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from device.box.light_control import CLOCK_INTERVAL_S, LightControl
from device.box.loop import Loop
from device.box.state import State, StateHolder
from device.config.settings import Settings
from device.daemon import _thread_died
from device.demo.harness import harness_for
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.panel.brightness import ALWAYS_BRIGHT, Brightness
from device.panel.lights import Indication, open_lights
from device.panel.spi import SpiDevice
from device.supervision import RestartPolicy
from tests.device.box.helpers import PictureSequence, plays
from tests.device.panel.wire import Wire
from tests.waiting import eventually

NIGHT = Brightness(by_day=1.0, by_night=0.5, night=(22 * 60, 7 * 60))
BLUE = (51, 0, 255)  # of sad, green first
DIM_BLUE = (9, 0, 47)


class Clock:
    """The machine's clock, which a test can set; and the loop's, which only goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        self.hour = 12
        self.jumps = 0
        monkeypatch.setattr(time, "localtime", lambda: time.struct_time((2026, 1, 1, self.hour, *[0] * 5)))
        for module in ("device.box.loop", "device.supervision"):
            monkeypatch.setattr(f"{module}.monotonic", lambda: self.seconds, raising=False)

    def wait(self, loop: Loop[Any]) -> None:
        """Let so much time pass that the lights have looked at the clock."""
        self.seconds += CLOCK_INTERVAL_S
        loop.run_due_timers()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def control(wire: Wire, brightness: Brightness, loop: Loop[Any]) -> LightControl:
    """Lights that show a sad mood."""
    state = StateHolder(State(shown=(Indication.MOOD, Mood.SAD)))
    lights = open_lights(wire.panel())
    shown = LightControl(lights, brightness, state, loop, lambda _: None, RestartPolicy())
    shown.show()
    return shown


def test_lights_that_show_the_same_dim_when_the_night_begins_and_are_bright_again_after_it(
    wire: Wire, clock: Clock
) -> None:
    loop: Loop[Any] = Loop(SimpleQueue())
    control(wire, NIGHT, loop)
    assert wire.colour() == BLUE
    for hour, colour in ((21, BLUE), (22, DIM_BLUE), (23, DIM_BLUE), (0, DIM_BLUE), (7, BLUE)):
        clock.hour = hour
        clock.wait(loop)
        assert wire.colour() == colour
    assert len(wire.colours()) == 3  # the pixels are sent something only when that changes


@pytest.mark.parametrize(("before", "after", "colour"), [(12, 23, DIM_BLUE), (23, 12, BLUE), (3, 8, BLUE)])
def test_a_clock_that_is_set_forward_or_back_is_followed(
    wire: Wire, clock: Clock, before: int, after: int, colour: tuple[int, ...]
) -> None:
    """A Pi has no clock of its own: it is set once the network is there."""
    loop: Loop[Any] = Loop(SimpleQueue())
    clock.hour = before
    control(wire, NIGHT, loop)
    clock.hour = after
    clock.wait(loop)
    assert wire.colour() == colour


def test_without_a_night_no_timer_wakes_the_box(wire: Wire, clock: Clock) -> None:
    loop: Loop[Any] = Loop(SimpleQueue())
    lights = control(wire, ALWAYS_BRIGHT, loop)
    assert not loop.is_scheduled(lights._follow_clock)


def test_a_box_with_a_strip_shows_the_mood_on_it_and_puts_it_out_at_its_end(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, wire: Wire
) -> None:
    panel = wire.panel(button=settings.panel.button)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        eventually(lambda: wire.colour() == (178, 255, 0))
    assert wire.colour() == (0, 0, 0)


def test_a_strip_that_is_not_there_costs_the_lights_and_not_the_button(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, wire: Wire
) -> None:
    wire.path.unlink()
    panel = wire.panel(button=settings.panel.button)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera) as harness:
        plays(harness, "Disco")
        assert "is not there: switch SPI on" in harness.status()["trouble"]["panel"]
        harness.press(panel.hold + 0.3)
        eventually(lambda: harness.status()["playing"] == "pause")


def test_a_strip_that_fails_costs_neither_the_music_nor_the_box_and_is_lit_again_once_it_can_be(
    settings: Settings,
    camera: PictureSequence,
    library: PrivateMpd,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", lambda died: _thread_died(died, events))
    panel = wire.panel(button=settings.panel.button)
    chosen = msgspec.structs.replace(settings, panel=panel)
    quick = RestartPolicy(pauses_s=(0.05,), healthy_after_s=0.5)
    with harness_for(chosen, camera, events, restart_policy=quick) as harness:
        plays(harness, "Disco")
        harness.press(panel.hold + 0.3)  # paused: a pattern, whose thread then fails
        eventually(lambda: harness.status()["playing"] == "pause")
        write = SpiDevice.write

        def fail(device: SpiDevice, content: bytes) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(SpiDevice, "write", fail)
        eventually(lambda: "Input/output error" in harness.status()["trouble"].get("lights", ""))
        monkeypatch.setattr(SpiDevice, "write", write)
        before = len(wire.colours())
        eventually(lambda: harness.status()["trouble"] == {})
        eventually(lambda: len(wire.colours()) > before)
        assert harness.status()["playing"] == "pause"


def test_a_strip_that_hangs_costs_neither_the_music_nor_the_button_nor_the_end(
    settings: Settings,
    camera: PictureSequence,
    library: PrivateMpd,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on, write = threading.Event(), SpiDevice.write
    panel = wire.panel(button=settings.panel.button)

    def hang(device: SpiDevice, content: bytes) -> None:
        goes_on.wait()
        write(device, content)

    monkeypatch.setattr(SpiDevice, "write", hang)
    quick = RestartPolicy(pauses_s=(0.05,), healthy_after_s=0.5)
    with harness_for(msgspec.structs.replace(settings, panel=panel), camera, restart_policy=quick) as harness:
        plays(harness, "Disco")
        eventually(lambda: "hangs, and takes no colours" in harness.status()["trouble"].get("lights", ""))
        harness.press(panel.hold + 0.3)
        eventually(lambda: harness.status()["playing"] == "pause")
        goes_on.set()
        eventually(lambda: harness.status()["trouble"] == {})
        goes_on.clear()
    goes_on.set()
