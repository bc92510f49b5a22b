from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import Device, ZombieThread
from gpiozero.pins.mock import MockFactory, MockPWMPin
from gpiozero.threads import _THREADS, GPIOThread

from device.cli.main import main
from device.config.settings import Panel
from device.errors import PanelError
from device.mood import Mood
from device.panel.lights import PATTERNS, Indication, open_lights, without_light
from tests.device.panel.threads import no_thread
from tests.waiting import eventually

LEDS = Panel()
RGB = Panel(kind="rgb")


@pytest.fixture(autouse=True)
def pins() -> Iterator[MockFactory]:
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    yield Device.pin_factory
    Device.pin_factory.reset()


def levels(factory: MockFactory, *numbers: int) -> list[float]:
    return [float(factory.pin(number).state) for number in numbers]


def test_every_indication_has_its_own_pattern() -> None:
    assert set(PATTERNS) == set(Indication)
    # One light, and all of them; for a moment, and for good.
    same = {Indication.MOOD, Indication.HELD, Indication.OFF, Indication.REFUSED}
    different = [pattern for indication, pattern in PATTERNS.items() if indication not in same]
    assert len(set(different)) == len(different)


def test_what_stays_for_long_has_its_own_rhythm_since_at_night_all_may_be_equally_dim() -> None:
    short = {Indication.PRESSED, Indication.HELD, Indication.OFF, Indication.REFUSED}
    rhythms = [pattern[1:] for indication, pattern in PATTERNS.items() if indication not in short]
    assert len(set(rhythms)) == len(rhythms)


@pytest.mark.parametrize("panel", [LEDS, RGB])
def test_in_the_darkest_night_fully_lit_is_brighter_than_half_lit(pins: MockFactory, panel: Panel) -> None:
    lights = open_lights(panel)
    lights.show(Indication.PRESSED, brightness=0.02)
    half = levels(pins, 5, 6, 13)
    lights.show(Indication.HELD, brightness=0.02)
    assert levels(pins, 5, 6, 13) == [2 * level for level in half] == [0.02] * 3


def test_in_the_darkest_night_each_mood_has_its_own_colour(pins: MockFactory) -> None:
    lights = open_lights(RGB)
    colours = set()
    for mood in Mood:
        lights.show(Indication.MOOD, mood, brightness=0.02)
        # A pin shows whole percents, and rounds down.
        colours.add(tuple(int(100 * level + 1e-9) for level in levels(pins, 5, 6, 13)))
    assert len(colours) == len(Mood)


def test_a_mood_lights_its_own_led_alone(pins: MockFactory) -> None:
    lights = open_lights(LEDS)
    lights.show(Indication.MOOD, Mood.NEUTRAL)
    assert levels(pins, 5, 6, 13) == [0, 1, 0]
    lights.show(Indication.MOOD, Mood.SAD)
    assert levels(pins, 5, 6, 13) == [0, 0, 1]


@pytest.mark.parametrize(
    ("indication", "level"),
    [(Indication.HELD, 1), (Indication.PRESSED, 0.4), (Indication.OFF, 0)],
)
def test_a_steady_indication_without_a_mood_is_on_all_leds(
    pins: MockFactory, indication: Indication, level: float
) -> None:
    lights = open_lights(LEDS)
    lights.show(indication)
    assert levels(pins, 5, 6, 13) == [level] * 3


@pytest.mark.parametrize(
    "indication", [indication for indication, pattern in PATTERNS.items() if pattern.on_time]
)
def test_a_blinking_indication_goes_on_and_off(pins: MockFactory, indication: Indication) -> None:
    lights = open_lights(LEDS)
    lights.show(indication, Mood.HAPPY)
    eventually(lambda: len({state.state for state in pins.pin(5).states}) > 1)
    assert levels(pins, 6, 13) == [0, 0]
    lights.close()


def test_a_steady_indication_ends_a_blinking_one(pins: MockFactory) -> None:
    lights = open_lights(LEDS)
    lights.show(Indication.LOOKING)
    lights.show(Indication.OFF)
    before = len(pins.pin(5).states)
    eventually(lambda: levels(pins, 5, 6, 13) == [0, 0, 0])
    assert len(pins.pin(5).states) == before


def test_one_rgb_light_shows_a_mood_in_its_colour(pins: MockFactory) -> None:
    lights = open_lights(RGB)
    lights.show(Indication.MOOD, Mood.HAPPY)
    assert levels(pins, 5, 6, 13) == pytest.approx(RGB.colours[Mood.HAPPY])


def test_one_rgb_light_is_white_without_a_mood_and_dimmed_by_the_pattern(pins: MockFactory) -> None:
    lights = open_lights(RGB)
    lights.show(Indication.PRESSED)
    assert levels(pins, 5, 6, 13) == [0.4] * 3


def test_one_rgb_light_blinks_red_in_trouble(pins: MockFactory) -> None:
    lights = open_lights(RGB)
    lights.show(Indication.TROUBLE)
    eventually(lambda: levels(pins, 5, 6, 13) == [1, 0, 0])
    lights.close()


def test_lights_may_be_on_when_the_pin_is_low(pins: MockFactory) -> None:
    lights = open_lights(Panel(active_high=False))
    assert levels(pins, 5, 6, 13) == [1, 1, 1]  # dark
    lights.show(Indication.MOOD, Mood.HAPPY)
    assert levels(pins, 5, 6, 13) == [0, 1, 1]


@pytest.mark.parametrize("panel", [LEDS, RGB])
def test_lights_are_dimmed_to_what_looks_half_as_bright(pins: MockFactory, panel: Panel) -> None:
    lights = open_lights(panel)
    lights.show(Indication.HELD, brightness=0.5)
    assert levels(pins, 5, 6, 13) == pytest.approx([0.184] * 3, abs=0.0005)


@pytest.mark.parametrize("panel", [LEDS, RGB])
def test_a_pattern_is_no_brighter_than_that_either(pins: MockFactory, panel: Panel) -> None:
    lights = open_lights(panel)
    lights.show(Indication.LOOKING, brightness=0.5)
    eventually(lambda: len(pins.pin(5).states) > 3)
    lights.close()
    assert max(float(state.state) for state in pins.pin(5).states) == pytest.approx(0.184, abs=0.0005)


@pytest.mark.parametrize("panel", [LEDS, RGB])
def test_the_darkest_night_leaves_a_light_lit_which_a_pin_shows_in_whole_percents(
    pins: MockFactory, panel: Panel
) -> None:
    lights = open_lights(panel)
    lights.show(Indication.PRESSED, brightness=0.02)
    assert levels(pins, 5, 6, 13) == [0.01] * 3
    lights.show(Indication.PRESSED, brightness=0)
    assert levels(pins, 5, 6, 13) == [0, 0, 0]


@pytest.mark.parametrize("panel", [LEDS, RGB])
def test_closing_turns_all_lights_off(pins: MockFactory, panel: Panel) -> None:
    lights = open_lights(panel)
    lights.show(Indication.HELD)
    lights.close()
    assert levels(pins, 5, 6, 13) == [0, 0, 0]


def test_the_error_for_a_pin_in_use_names_it_and_says_what_to_do() -> None:
    lights = open_lights(LEDS)
    with pytest.raises(
        PanelError, match=r"GPIO5 is already in use.*choose other pins in \[panel\] of the settings"
    ):
        open_lights(RGB)
    lights.close()


def test_on_a_machine_without_pins_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "lgpio")
    with pytest.raises(PanelError, match="no GPIO pins on this machine"):
        open_lights(LEDS)
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)


def test_a_mood_without_a_light_of_its_own_is_shown_by_that_of_the_most_similar_one(
    pins: MockFactory,
) -> None:
    lights = open_lights(LEDS)
    lights.show(Indication.MOOD, Mood.ANGRY)
    assert levels(pins, 5, 6, 13) == [0, 0, 1]  # sad
    lights.show(Indication.MOOD, Mood.SURPRISE)
    assert levels(pins, 5, 6, 13) == [1, 0, 0]  # happy


def test_a_mood_without_a_colour_of_its_own_has_that_of_the_most_similar_one(pins: MockFactory) -> None:
    lights = open_lights(Panel(kind="rgb", colours={Mood.SAD: (0.0, 0.0, 0.5), Mood.FEAR: (0.5, 0.0, 0.5)}))
    lights.show(Indication.MOOD, Mood.DISGUST)
    assert levels(pins, 5, 6, 13) == [0.5, 0, 0.5]


def test_a_mood_that_is_like_none_with_a_light_is_shown_by_all(pins: MockFactory) -> None:
    lights = open_lights(Panel(leds={Mood.HAPPY: 5, Mood.SAD: 6}))
    lights.show(Indication.MOOD, Mood.NEUTRAL)
    assert levels(pins, 5, 6) == [1, 1]


def test_the_usual_panels_can_show_all_seven_moods() -> None:
    assert without_light(Mood, LEDS) == []
    assert without_light(Mood, RGB) == []


def test_moods_that_no_light_can_show_are_listed() -> None:
    assert without_light(Mood, Panel(leds={Mood.HAPPY: 5, Mood.NEUTRAL: 6})) == [
        Mood.ANGRY,
        Mood.DISGUST,
        Mood.FEAR,
        Mood.SAD,
    ]


@pytest.mark.parametrize(("active_high", "dark"), [(True, 0), (False, 1)])
def test_the_command_dark_turns_off_the_lights_that_a_killed_box_left_on(
    pins: MockFactory, tmp_path: Path, active_high: bool, dark: int
) -> None:
    for number in (5, 6, 13):
        pins.pin(number).output_with_state(1 - dark)
        pins.pin(number).clear_states()
    file = tmp_path / "moodbox.toml"
    file.write_text(f"[panel]\nactive_high = {str(active_high).lower()}\n")
    assert main(["dark", "--settings", str(file)]) == 0
    for number in (5, 6, 13):
        driven = [float(state.state) for state in pins.pin(number).states]
        assert driven[:2] == [1 - dark, dark]  # then the pin is released, and is an input again


@pytest.mark.parametrize("panel", [LEDS, RGB], ids=["leds", "rgb"])
def test_a_pattern_that_is_slow_to_end_is_waited_for(
    pins: MockFactory, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lights = open_lights(panel)
    stop, late = GPIOThread.stop, []

    def stop_late(thread: GPIOThread, timeout: float = 10) -> None:
        if thread not in late:
            late.append(thread)
            raise ZombieThread("Thread failed to die within 10 seconds")
        stop(thread, timeout)

    monkeypatch.setattr(GPIOThread, "stop", stop_late)
    lights.show(Indication.TROUBLE, Mood.SAD)
    lights.show(Indication.MOOD, Mood.SAD)
    lights.show(Indication.LOOKING, Mood.SAD)
    lights.close()
    assert len(late) == 2
    assert not any(thread.is_alive() for thread in late)


@pytest.mark.parametrize("panel", [LEDS, RGB])
def test_lights_for_which_no_thread_could_be_started_work_once_one_can(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lights = open_lights(panel)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                lights.show(Indication.LOOKING, Mood.SAD)
        lights.show(Indication.MOOD, Mood.SAD)  # needs none
    lights.show(Indication.LOOKING, Mood.SAD)
    assert [type(thread) for thread in threading.enumerate()].count(GPIOThread) == 1
    lights.close()
    assert not _THREADS
