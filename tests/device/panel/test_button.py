from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from time import monotonic

from gpiozero import Device
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from device.config.settings import Panel
from device.health import Part
from device.panel.button import Button, Edge, Gesture, GestureRecognizer

DEBOUNCE, HOLD, DOUBLE_PRESS, OFF = 0.03, 3.0, 0.35, 8.0


def gestures_of(
    levels: Iterable[tuple[float, bool]], until: float, double_press: float = DOUBLE_PRESS, off: float = OFF
) -> list[tuple[float, Gesture]]:
    """The gestures of a button whose level changes at these times, with the time of each.

    It is sampled as the box samples it: at each edge, and when the next sample is due.
    """
    recognizer = GestureRecognizer(DEBOUNCE, HOLD, double_press, off)
    edges = sorted(levels)
    level = False
    gestures: list[tuple[float, Gesture]] = []
    while True:
        edge = edges[0][0] if edges else until
        now = min(edge, recognizer.next_sample if recognizer.next_sample is not None else until)
        if now >= until:
            return gestures
        if edges and edge == now:
            level = edges.pop(0)[1]
            gestures += [(now, gesture) for gesture in recognizer.on_edge(Edge(level, now))]
        else:
            gestures += [(now, gesture) for gesture in recognizer.sample(level, now)]


def names_of(levels: Iterable[tuple[float, bool]], until: float = 20) -> list[Gesture]:
    return [gesture for _, gesture in gestures_of(levels, until)]


def test_a_short_press_counts_once_no_second_press_can_follow() -> None:
    (_, down), (when, press) = gestures_of([(1, True), (1.2, False)], 20)
    assert (down, press) == (Gesture.DOWN, Gesture.SINGLE_PRESS)
    assert when == 1.2 + DOUBLE_PRESS


def test_two_quick_presses_are_a_double_press_when_the_second_is_released() -> None:
    gestures = gestures_of([(1, True), (1.1, False), (1.4, True), (1.5, False)], 20)
    assert [gesture for _, gesture in gestures] == [Gesture.DOWN, Gesture.DOWN, Gesture.DOUBLE_PRESS]
    assert gestures[-1][0] == 1.5 + DEBOUNCE


def test_two_slow_presses_are_two_single_presses() -> None:
    slow = [(1, True), (1.1, False), (1.1 + DOUBLE_PRESS + 0.01, True), (2, False)]
    assert names_of(slow) == [Gesture.DOWN, Gesture.SINGLE_PRESS, Gesture.DOWN, Gesture.SINGLE_PRESS]


def test_a_second_press_counts_by_when_it_starts_however_long_it_is() -> None:
    levels = [(1, True), (1.1, False), (1.1 + DOUBLE_PRESS - 0.01, True), (3, False)]
    assert names_of(levels)[-1] is Gesture.DOUBLE_PRESS


def test_three_quick_presses_are_a_double_press_and_a_single_press() -> None:
    three = [(1 + 0.1 * n, n % 2 == 0) for n in range(6)]
    assert names_of(three) == [
        Gesture.DOWN,
        Gesture.DOWN,
        Gesture.DOUBLE_PRESS,
        Gesture.DOWN,
        Gesture.SINGLE_PRESS,
    ]


def test_a_press_followed_by_a_hold_is_only_a_hold() -> None:
    assert names_of([(1, True), (1.1, False), (1.2, True), (6, False)]) == [
        Gesture.DOWN,
        Gesture.DOWN,
        Gesture.HOLD,
        Gesture.HOLD_RELEASED,
    ]


def test_a_spike_after_a_press_is_not_a_second_press() -> None:
    spike = [(1, True), (1.1, False), (1.2, True), (1.21, False)]
    assert names_of(spike) == [Gesture.DOWN, Gesture.SINGLE_PRESS]


def test_without_double_presses_a_press_counts_when_it_is_released() -> None:
    gestures = gestures_of([(1, True), (1.1, False), (1.2, True), (1.3, False)], 20, double_press=0)
    assert [gesture for _, gesture in gestures] == [Gesture.DOWN, Gesture.SINGLE_PRESS] * 2
    assert gestures[1][0] == 1.1 + DEBOUNCE


def test_edges_that_a_busy_box_handles_late_count_the_same() -> None:
    recognizer = GestureRecognizer(DEBOUNCE, HOLD, DOUBLE_PRESS)
    edges = [
        Edge(True, 1.0),
        Edge(False, 1.1),
        Edge(True, 1.2),
        Edge(False, 1.21),
        Edge(True, 1.22),
        Edge(False, 1.3),
    ]
    gestures = [gesture for edge in edges for gesture in recognizer.on_edge(edge)]
    assert gestures == [Gesture.DOWN, Gesture.DOWN]
    assert recognizer.sample(False, 2.0) == [Gesture.DOUBLE_PRESS]


def test_a_box_that_samples_late_recognizes_two_slow_presses_the_same() -> None:
    recognizer = GestureRecognizer(DEBOUNCE, HOLD, DOUBLE_PRESS)
    for now, level in ((1.0, True), (1.05, True), (1.1, False), (1.15, False)):
        recognizer.sample(level, now)
    assert recognizer.sample(True, 1.6) == [Gesture.SINGLE_PRESS]  # the box was busy when this was due
    assert recognizer.sample(True, 1.65) == [Gesture.DOWN]


def test_a_press_is_recognized_after_the_debounce_time() -> None:
    (when, gesture), *_ = gestures_of([(1, True), (1.5, False)], 20)
    assert gesture is Gesture.DOWN
    assert when == 1 + DEBOUNCE


def test_a_hold_counts_while_the_button_is_still_down() -> None:
    gestures = gestures_of([(1, True), (8, False)], 20)
    assert [gesture for _, gesture in gestures] == [Gesture.DOWN, Gesture.HOLD, Gesture.HOLD_RELEASED]
    assert gestures[1][0] == 1 + HOLD


def test_a_long_hold_counts_while_the_button_is_down_and_again_when_it_is_released() -> None:
    gestures = gestures_of([(1, True), (12, False)], 20)
    assert [gesture for _, gesture in gestures] == [
        Gesture.DOWN,
        Gesture.HOLD,
        Gesture.LONG_HOLD,
        Gesture.LONG_HOLD_RELEASED,
    ]
    assert gestures[2][0] == 1 + OFF


def test_a_hold_just_too_short_for_a_long_hold_is_a_hold() -> None:
    assert names_of([(1, True), (8.99, False)]) == [Gesture.DOWN, Gesture.HOLD, Gesture.HOLD_RELEASED]


def test_without_long_holds_a_very_long_hold_is_a_hold() -> None:
    gestures = gestures_of([(1, True), (12, False)], 20, off=0)
    assert [gesture for _, gesture in gestures] == [Gesture.DOWN, Gesture.HOLD, Gesture.HOLD_RELEASED]


def test_a_button_that_is_never_released_does_not_switch_off() -> None:
    assert Gesture.LONG_HOLD_RELEASED not in names_of([(1, True)], until=3600)


def test_a_press_just_too_short_for_a_hold_is_a_single_press() -> None:
    assert names_of([(1, True), (3.99, False)]) == [Gesture.DOWN, Gesture.SINGLE_PRESS]


def test_a_bouncing_contact_is_one_press() -> None:
    bounces = [(1 + 0.002 * n, n % 2 == 0) for n in range(9)]
    bounces += [(1.5 + 0.002 * n, n % 2 == 1) for n in range(9)]
    assert names_of(bounces) == [Gesture.DOWN, Gesture.SINGLE_PRESS]


def test_an_edge_without_a_change_is_nothing() -> None:
    assert names_of([(1, False), (2, False)]) == []


def test_a_spike_shorter_than_the_debounce_time_is_nothing() -> None:
    assert names_of([(1, True), (1.01, False)]) == []


def test_a_short_loss_of_contact_does_not_end_a_hold() -> None:
    assert names_of([(1, True), (2, False), (2.01, True), (8, False)]) == [
        Gesture.DOWN,
        Gesture.HOLD,
        Gesture.HOLD_RELEASED,
    ]


def test_a_release_whose_edge_is_lost_is_recognized() -> None:
    recognizer = GestureRecognizer(DEBOUNCE, HOLD)
    recognizer.sample(True, 1.0)
    assert recognizer.sample(True, 1.1) == [Gesture.DOWN]
    assert recognizer.next_sample is not None  # no edge came, and yet the next sample is due
    recognizer.sample(False, recognizer.next_sample)
    assert recognizer.next_sample is not None
    assert recognizer.sample(False, recognizer.next_sample) == [Gesture.SINGLE_PRESS]


def test_a_released_button_is_not_polled() -> None:
    recognizer = GestureRecognizer(DEBOUNCE, HOLD)
    recognizer.sample(False, 1.0)
    assert recognizer.next_sample is None


@given(st.lists(st.tuples(st.floats(0, 15), st.booleans()), max_size=40))
def test_whatever_the_contact_does_each_press_starts_and_ends_once(levels: list[tuple[float, bool]]) -> None:
    gestures = " ".join(names_of([*levels, (16, False)]))
    hold = "hold (hold_released|long_hold long_hold_released)"
    assert re.fullmatch(rf"((down (single_press|down double_press|(down )?{hold})) ?)*", gestures)


def test_the_button_reports_edges_and_its_level() -> None:
    Device.pin_factory = MockFactory()
    edges: list[Edge] = []
    button = Button(Panel().button, True, Part.BUTTON, edges.append)
    pin = Device.pin_factory.pin(16)
    pin.drive_low()
    assert button.is_down()
    pin.drive_high()
    assert not button.is_down()
    assert [edge.is_down for edge in edges] == [True, False]
    assert edges[0].time <= edges[1].time <= monotonic()
    button.close()
    Device.pin_factory.reset()


def test_a_button_that_nobody_touches_does_not_wake_the_machine() -> None:
    """gpiozero.Button has a thread that wakes up ten times a second."""
    Device.pin_factory = MockFactory()
    before = set(threading.enumerate())
    button = Button(Panel().button, True, Part.NEXT, lambda edge: None)
    assert set(threading.enumerate()) <= before  # one of another test may have ended
    button.close()
    Device.pin_factory.reset()


def test_a_button_to_3v3_is_down_when_its_pin_is_high() -> None:
    Device.pin_factory = MockFactory()
    button = Button(Panel().button, False, Part.BUTTON, lambda edge: None)
    Device.pin_factory.pin(16).drive_high()
    assert button.is_down()
    button.close()
    Device.pin_factory.reset()
