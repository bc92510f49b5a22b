"""How bright the lights are, by the time of day."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config.settings import Panel
from device.panel.brightness import Brightness, brightness_of, is_within, light_for_eye, peak_light

DAY = 24 * 60
NIGHT = Brightness(by_day=0.8, by_night=0.2, night=(22 * 60, 7 * 60))
minutes = st.integers(0, DAY - 1)
shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("hour", "minute", "brightness"),
    [(21, 59, 0.8), (22, 0, 0.2), (23, 59, 0.2), (0, 0, 0.2), (6, 59, 0.2), (7, 0, 0.8), (12, 0, 0.8)],
)
def test_a_night_over_midnight_is_dim_from_its_first_minute_to_its_last(
    hour: int, minute: int, brightness: float
) -> None:
    assert NIGHT.at(60 * hour + minute) == brightness


@given(minutes, minutes)
def test_a_night_is_as_long_as_from_its_begin_to_its_end_around_the_clock(begin: int, end: int) -> None:
    within = [minute for minute in range(DAY) if is_within(minute, (begin, end))]
    assert len(within) == (end - begin) % DAY
    assert not within or (begin in within and (end - 1) % DAY in within)


def test_the_settings_name_the_night() -> None:
    panel = Panel(brightness=0.8, dim_from="22:00", dim_to="07:00", dim_brightness=0.2)
    assert brightness_of(panel) == NIGHT


def test_a_night_is_never_brighter_than_the_day() -> None:
    panel = Panel(brightness=0.1, dim_from="22:00", dim_to="07:00")
    assert brightness_of(panel).at(0) == 0.1


def test_without_a_night_nothing_depends_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "localtime", None)
    assert brightness_of(Panel()).now() == 1
    assert not brightness_of(Panel()).depends_on_time


@pytest.mark.parametrize(("zone", "brightness"), [("UTC0", 0.8), ("XYZ-9", 0.2)])
def test_the_hours_are_those_of_the_machines_time_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str, brightness: float
) -> None:
    monkeypatch.setenv("TZ", zone)
    now = time.gmtime(14 * 3600)  # in the second zone it is 23:00
    local = time.localtime
    monkeypatch.setattr(time, "localtime", lambda: local(14 * 3600))
    assert now.tm_hour == 14
    assert NIGHT.now() == brightness
    monkeypatch.undo()
    time.tzset()


@given(shares)
def test_half_as_bright_to_the_eye_is_less_than_half_of_the_light(brightness: float) -> None:
    assert 0 <= light_for_eye(brightness) <= brightness


def test_the_brightness_is_that_of_cie_1976() -> None:
    assert [round(light_for_eye(each), 3) for each in (0, 0.08, 0.5, 1)] == [0, 0.009, 0.184, 1]


@given(shares, shares, st.sampled_from([1 / 255, 0.01]))
def test_dimming_neither_puts_out_what_is_lit_nor_lights_more_than_the_pattern(
    level: float, brightness: float, step: float
) -> None:
    light = peak_light(level, brightness, step)
    assert light <= level
    if level >= step and light_for_eye(brightness) * level > 0:
        assert light >= step


@given(shares)
def test_the_full_brightness_changes_nothing(level: float) -> None:
    assert peak_light(level, 1, 0.01) == level
