"""A strip of pixels shows what the other lights show. `wire.py` says what stands in for its SPI device."""

from __future__ import annotations

import threading

import pytest
from gpiozero import PWMLED, Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.mood import Mood
from device.panel.lights import PATTERNS, STRIP_THREAD, Indication, Pattern, open_lights, without_light
from tests.device.panel.wire import Wire
from tests.waiting import eventually

GREEN, RED, BLUE = range(3)


def test_all_pixels_show_a_mood_in_its_colour(wire: Wire) -> None:
    lights = open_lights(wire.panel())
    lights.show(Indication.MOOD, Mood.SAD)
    assert wire.colours()[-1] == [(51, 0, 255)] * 3  # (0, 0.2, 1), green first
    lights.show(Indication.MOOD, Mood.HAPPY)
    assert wire.colour() == (178, 255, 0)


def test_red_comes_first_where_the_settings_say_so(wire: Wire) -> None:
    open_lights(wire.panel(strip_order="rgb")).show(Indication.MOOD, Mood.SAD)
    assert wire.colour() == (0, 51, 255)


@pytest.mark.parametrize(
    ("indication", "value"), [(Indication.HELD, 255), (Indication.PRESSED, 102), (Indication.OFF, 0)]
)
def test_a_steady_indication_without_a_mood_is_white(wire: Wire, indication: Indication, value: int) -> None:
    open_lights(wire.panel()).show(indication)
    assert wire.colour() == (value, value, value)


@pytest.mark.parametrize(
    "indication", [indication for indication, pattern in PATTERNS.items() if pattern.on_time]
)
def test_a_blinking_indication_goes_on_and_off(wire: Wire, indication: Indication) -> None:
    lights = open_lights(wire.panel())
    lights.show(indication, Mood.HAPPY)
    eventually(lambda: len({tuple(each) for each in wire.colours()}) > 1)
    lights.close()
    assert {frame[0][BLUE] for frame in wire.colours()} == {0}


def test_trouble_is_red(wire: Wire) -> None:
    lights = open_lights(wire.panel())
    lights.show(Indication.TROUBLE)
    eventually(lambda: bool(wire.colours()))
    assert wire.colour() == (0, 255, 0)
    lights.close()


def test_a_pattern_has_the_levels_and_times_of_gpiozeros() -> None:
    """So that a strip breathes as an LED does."""
    pattern = Pattern(1, on_time=0.01, off_time=0.01, fade_time=0.2)
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    led = PWMLED(5, initial_value=0)
    led.pin.clear_states()
    led.blink(pattern.on_time, pattern.off_time, pattern.fade_time, pattern.fade_time, n=1, background=False)
    shown = [float(state.state) for state in led.pin.states]
    Device.pin_factory.reset()
    levels, seconds = zip(*pattern.blinks(), strict=True)
    different = [level for n, level in enumerate(levels) if n == 0 or level != levels[n - 1]]
    assert different == pytest.approx(shown)
    assert sum(seconds) == pytest.approx(0.42)


def test_a_steady_indication_ends_a_blinking_one(wire: Wire) -> None:
    lights = open_lights(wire.panel())
    lights.show(Indication.LOOKING)
    lights.show(Indication.MOOD, Mood.SAD)
    assert wire.colour() == (51, 0, 255)
    assert STRIP_THREAD not in {thread.name for thread in threading.enumerate()}


def test_closing_turns_the_pixels_off_which_would_otherwise_stay_lit(wire: Wire) -> None:
    lights = open_lights(wire.panel())
    lights.show(Indication.PAUSED, Mood.SAD)
    lights.close()
    assert wire.colour() == (0, 0, 0)
    assert STRIP_THREAD not in {thread.name for thread in threading.enumerate()}


def test_a_strip_is_dimmed_to_what_looks_half_as_bright(wire: Wire) -> None:
    open_lights(wire.panel()).show(Indication.HELD, brightness=0.5)
    assert wire.colour() == (47, 47, 47)  # 18.4 % of the light


def test_the_darkest_night_leaves_a_lit_strip_lit_and_puts_it_out_only_if_that_is_chosen(wire: Wire) -> None:
    lights = open_lights(wire.panel())
    lights.show(Indication.PRESSED, brightness=0.01)
    assert wire.colour() == (1, 1, 1)
    lights.show(Indication.MOOD, Mood.SAD, brightness=0.01)
    assert wire.colour()[BLUE] == 2
    lights.show(Indication.MOOD, Mood.SAD, brightness=0)
    assert wire.colour() == (0, 0, 0)


def test_in_the_darkest_night_each_mood_has_its_own_colour(wire: Wire) -> None:
    lights = open_lights(wire.panel())
    colours = set()
    for mood in Mood:
        lights.show(Indication.MOOD, mood, brightness=0.01)
        colours.add(wire.colour())
    assert len(colours) == len(Mood)


def test_a_strip_can_show_all_seven_moods(wire: Wire) -> None:
    assert without_light(Mood, wire.panel()) == []
