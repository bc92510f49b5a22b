from __future__ import annotations

import re
from collections.abc import Iterable
from time import monotonic

from gpiozero import Device
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from device.config.settings import Panel
from device.panel.button import Button, Edge, Gesture, Presses

DEBOUNCE, HOLD, DOUBLE, OFF = 0.03, 3.0, 0.35, 8.0


def gestures_of(
    levels: Iterable[tuple[float, bool]], until: float, double: float = DOUBLE, off: float = OFF
) -> list[tuple[float, Gesture]]:
    """What a button means that changes to these levels at these times, sampled as the box samples it:
    each edge, and whenever it is due."""
    presses = Presses(DEBOUNCE, HOLD, double, off)
    edges = sorted(levels)
    level = False
    heard: list[tuple[float, Gesture]] = []
    while True:
        edge = edges[0][0] if edges else until
        now = min(edge, presses.due if presses.due is not None else until)
        if now >= until:
            return heard
        if edges and edge == now:
            level = edges.pop(0)[1]
            heard += [(now, gesture) for gesture in presses.hear(Edge(level, now))]
        else:
            heard += [(now, gesture) for gesture in presses.sample(level, now)]


def names(levels: Iterable[tuple[float, bool]], until: float = 20) -> list[Gesture]:
    return [gesture for _, gesture in gestures_of(levels, until)]


def test_a_short_press_is_a_press_once_no_second_one_has_followed() -> None:
    (_, down), (when, press) = gestures_of([(1, True), (1.2, False)], 20)
    assert (down, press) == (Gesture.DOWN, Gesture.PRESS)
    assert when == 1.2 + DOUBLE


def test_two_quick_presses_are_one_gesture_as_soon_as_the_second_is_let_go() -> None:
    heard = gestures_of([(1, True), (1.1, False), (1.4, True), (1.5, False)], 20)
    assert [gesture for _, gesture in heard] == [Gesture.DOWN, Gesture.DOWN, Gesture.TWICE]
    assert heard[-1][0] == 1.5 + DEBOUNCE


def test_two_slow_presses_are_two_presses() -> None:
    slow = [(1, True), (1.1, False), (1.1 + DOUBLE + 0.01, True), (2, False)]
    assert names(slow) == [Gesture.DOWN, Gesture.PRESS, Gesture.DOWN, Gesture.PRESS]


def test_a_second_press_counts_by_its_beginning_however_long_it_is() -> None:
    assert names([(1, True), (1.1, False), (1.1 + DOUBLE - 0.01, True), (3, False)])[-1] is Gesture.TWICE


def test_three_quick_presses_are_two_and_one() -> None:
    three = [(1 + 0.1 * n, n % 2 == 0) for n in range(6)]
    assert names(three) == [Gesture.DOWN, Gesture.DOWN, Gesture.TWICE, Gesture.DOWN, Gesture.PRESS]


def test_a_press_and_then_a_hold_is_the_hold_alone() -> None:
    assert names([(1, True), (1.1, False), (1.2, True), (6, False)]) == [
        Gesture.DOWN,
        Gesture.DOWN,
        Gesture.HELD,
        Gesture.LET_GO,
    ]


def test_a_spike_after_a_press_is_no_second_one() -> None:
    spike = [(1, True), (1.1, False), (1.2, True), (1.21, False)]
    assert names(spike) == [Gesture.DOWN, Gesture.PRESS]


def test_without_such_a_gesture_a_press_counts_when_it_is_let_go() -> None:
    heard = gestures_of([(1, True), (1.1, False), (1.2, True), (1.3, False)], 20, double=0)
    assert [gesture for _, gesture in heard] == [Gesture.DOWN, Gesture.PRESS] * 2
    assert heard[1][0] == 1.1 + DEBOUNCE


def test_presses_that_a_busy_box_hears_of_only_afterwards_count_all_the_same() -> None:
    presses = Presses(DEBOUNCE, HOLD, DOUBLE)
    edges = [
        Edge(True, 1.0),
        Edge(False, 1.1),
        Edge(True, 1.2),
        Edge(False, 1.21),
        Edge(True, 1.22),
        Edge(False, 1.3),
    ]
    heard = [gesture for edge in edges for gesture in presses.hear(edge)]
    assert heard == [Gesture.DOWN, Gesture.DOWN]
    assert presses.sample(False, 2.0) == [Gesture.TWICE]


def test_a_box_that_is_late_tells_two_slow_presses_all_the_same() -> None:
    presses = Presses(DEBOUNCE, HOLD, DOUBLE)
    for now, level in ((1.0, True), (1.05, True), (1.1, False), (1.15, False)):
        presses.sample(level, now)
    assert presses.sample(True, 1.6) == [Gesture.PRESS]  # it was busy when that was due
    assert presses.sample(True, 1.65) == [Gesture.DOWN]


def test_it_is_noticed_as_soon_as_the_level_has_stayed() -> None:
    (when, gesture), *_ = gestures_of([(1, True), (1.5, False)], 20)
    assert gesture is Gesture.DOWN
    assert when == 1 + DEBOUNCE


def test_holding_counts_while_the_button_is_still_down() -> None:
    heard = gestures_of([(1, True), (8, False)], 20)
    assert [gesture for _, gesture in heard] == [Gesture.DOWN, Gesture.HELD, Gesture.LET_GO]
    assert heard[1][0] == 1 + HOLD


def test_a_very_long_hold_is_told_while_it_lasts_and_means_off_when_it_is_let_go() -> None:
    heard = gestures_of([(1, True), (12, False)], 20)
    assert [gesture for _, gesture in heard] == [
        Gesture.DOWN,
        Gesture.HELD,
        Gesture.HELD_LONG,
        Gesture.OFF,
    ]
    assert heard[2][0] == 1 + OFF


def test_a_hold_just_too_short_for_off_is_a_hold() -> None:
    assert names([(1, True), (8.99, False)]) == [Gesture.DOWN, Gesture.HELD, Gesture.LET_GO]


def test_where_off_is_never_even_a_very_long_hold_is_a_hold() -> None:
    heard = gestures_of([(1, True), (12, False)], 20, off=0)
    assert [gesture for _, gesture in heard] == [Gesture.DOWN, Gesture.HELD, Gesture.LET_GO]


def test_a_button_that_is_never_let_go_switches_nothing_off() -> None:
    assert Gesture.OFF not in names([(1, True)], until=3600)


def test_just_too_short_a_hold_is_a_press() -> None:
    assert names([(1, True), (3.99, False)]) == [Gesture.DOWN, Gesture.PRESS]


def test_a_bouncing_contact_is_one_press() -> None:
    bounces = [(1 + 0.002 * n, n % 2 == 0) for n in range(9)]
    bounces += [(1.5 + 0.002 * n, n % 2 == 1) for n in range(9)]
    assert names(bounces) == [Gesture.DOWN, Gesture.PRESS]


def test_an_edge_from_nowhere_is_nothing() -> None:
    assert names([(1, False), (2, False)]) == []


def test_a_spike_shorter_than_the_debounce_is_nothing() -> None:
    assert names([(1, True), (1.01, False)]) == []


def test_a_short_loss_of_contact_does_not_end_a_hold() -> None:
    assert names([(1, True), (2, False), (2.01, True), (8, False)]) == [
        Gesture.DOWN,
        Gesture.HELD,
        Gesture.LET_GO,
    ]


def test_a_lost_edge_of_letting_go_is_made_up_for() -> None:
    presses = Presses(DEBOUNCE, HOLD)
    presses.sample(True, 1.0)
    assert presses.sample(True, 1.1) == [Gesture.DOWN]
    assert presses.due is not None  # no edge came, and yet it looks again
    presses.sample(False, presses.due)
    assert presses.due is not None
    assert presses.sample(False, presses.due) == [Gesture.PRESS]


def test_a_button_that_rests_is_not_looked_at() -> None:
    presses = Presses(DEBOUNCE, HOLD)
    presses.sample(False, 1.0)
    assert presses.due is None


@given(st.lists(st.tuples(st.floats(0, 15), st.booleans()), max_size=40))
def test_whatever_the_contact_does_each_press_begins_and_ends_once(levels: list[tuple[float, bool]]) -> None:
    heard = " ".join(names([*levels, (16, False)]))
    held = "held (let_go|held_long off)"
    assert re.fullmatch(rf"((down (press|down twice|(down )?{held})) ?)*", heard)


def test_the_pin_tells_of_its_edges_and_its_level() -> None:
    Device.pin_factory = MockFactory()
    edges: list[Edge] = []
    button = Button(Panel(), edges.append)
    pin = Device.pin_factory.pin(16)
    pin.drive_low()
    assert button.is_down()
    pin.drive_high()
    assert not button.is_down()
    assert [edge.down for edge in edges] == [True, False]
    assert edges[0].at <= edges[1].at <= monotonic()
    button.close()
    Device.pin_factory.reset()


def test_a_button_to_3v3_is_down_when_its_pin_is_high() -> None:
    Device.pin_factory = MockFactory()
    button = Button(Panel(pull_up=False), lambda edge: None)
    Device.pin_factory.pin(16).drive_high()
    assert button.is_down()
    button.close()
    Device.pin_factory.reset()
