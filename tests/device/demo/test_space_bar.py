"""What the space bar's repeats make of the button, at the rates of common keyboards."""

from __future__ import annotations

import pytest

from device.demo.space_bar import Move, SpaceBar

SAMPLE_S = 0.08  # the demo's loop


def moves(*spaces: float, until: float = 10.0) -> list[tuple[float, Move]]:
    """Return the moves with their times, for spaces at these times."""
    bar, made = SpaceBar(), []
    ticks = [number * SAMPLE_S for number in range(int(until / SAMPLE_S))]
    for time, is_space in sorted([(time, True) for time in spaces] + [(time, False) for time in ticks]):
        made += [(time, move) for move in (bar.on_space(time) if is_space else bar.sample(time))]
    return made


def held(seconds: float, first_repeat: float, interval: float) -> list[float]:
    """Return when a key that is held sends spaces."""
    return [0.0, *(first_repeat + n * interval for n in range(int((seconds - first_repeat) / interval)))]


def test_one_space_is_one_press_that_begins_at_once() -> None:
    [(down_at, down), (up_at, up)] = moves(0.0)
    assert (down, up) == (Move.DOWN, Move.UP)
    assert (down_at, up_at < 0.8) == (0.0, True)


@pytest.mark.parametrize("gap", [0.09, 0.15, 0.25, 0.4])
def test_two_quick_spaces_are_a_double_press(gap: float) -> None:
    assert [move for _, move in moves(0.0, gap)] == [Move.DOWN, Move.UP_AND_AGAIN]


@pytest.mark.parametrize("seconds", [1.0, 4.0])
@pytest.mark.parametrize("first_repeat", [0.25, 0.375, 0.5, 0.66])
@pytest.mark.parametrize("interval", [0.025, 0.033, 0.092])
def test_a_key_that_is_held_is_one_press_that_lasts_as_long(
    seconds: float, first_repeat: float, interval: float
) -> None:
    spaces = held(seconds, first_repeat, interval)
    [(down_at, down), (up_at, up)] = moves(*spaces)
    assert (down, up) == (Move.DOWN, Move.UP)
    assert down_at == 0.0
    assert 0 <= up_at - spaces[-1] < 0.3


def test_a_slow_press_with_a_single_repeat_does_not_skip() -> None:
    assert [move for _, move in moves(0.0, 0.5)] == [Move.DOWN, Move.UP]


def test_presses_with_pauses_are_presses_of_their_own() -> None:
    assert [move for _, move in moves(0.0, 1.0, 1.2, 3.0)] == [
        *(Move.DOWN, Move.UP),
        *(Move.DOWN, Move.UP_AND_AGAIN),
        *(Move.DOWN, Move.UP),
    ]


def test_a_burst_that_arrives_at_once_is_a_key_that_is_held() -> None:
    assert [move for _, move in moves(0.0, 0.5, 0.5, 0.5, 0.5)] == [Move.DOWN, Move.UP]
