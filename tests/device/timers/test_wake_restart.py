"""A wake time where the box was without power meanwhile, or has started again."""

from __future__ import annotations

import pytest

from device.timers.now import Now
from device.timers.state import SOFTEST
from device.timers.steps import Begin, Missed, SetVolume
from tests.device.timers.evening import BERLIN, silent, wall

KNOWN_OR_BELIEVED = pytest.mark.parametrize("is_set", [False, True], ids=["not set", "believed"])
"""Whether the box knows after its start that the clock is wrong."""


@KNOWN_OR_BELIEVED
def test_one_for_once_that_was_missed_without_power_is_over_once_the_clock_is_right(*, is_set: bool) -> None:
    """The Pi's clock has stood still meanwhile."""
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=True)
    evening.restart(Now(5.0, wall("07:15"), is_set=is_set, zone=BERLIN))
    evening.pass_by(10)
    evening.now = Now(evening.now.monotonic, wall("11:30"), zone=BERLIN)
    evening.pass_by(3 * 86400)
    assert evening.done == [Missed(wall("07:30"))]


def test_one_that_was_set_by_a_clock_that_was_behind_is_the_next_also_if_the_box_has_started_again() -> None:
    """Another program than timesyncd sets the clock, which was behind as the wake time was set."""
    evening = silent()
    evening.now = Now(1000.0, wall("02:00"), zone=BERLIN)
    evening.timers = evening.timers.waking(450, evening.now, once=True)
    evening.restart(Now(1060.0, wall("02:01"), zone=BERLIN))
    evening.now = Now(1120.0, wall("11:30"), zone=BERLIN)
    evening.pass_by(86400)
    assert evening.done[:2] == [SetVolume(SOFTEST), Begin()]


@KNOWN_OR_BELIEVED
def test_one_for_once_that_was_missed_does_not_begin_if_the_box_starts_at_that_time_of_another_day(
    *, is_set: bool
) -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=True)
    evening.restart(Now(5.0, wall("07:31") + (86400 if is_set else 0), is_set=is_set, zone=BERLIN))
    evening.pass_by(10)
    evening.now = Now(evening.now.monotonic, wall("07:32") + 86400, zone=BERLIN)
    evening.pass_by(3 * 86400)
    assert evening.done == [Missed(wall("07:30"))]
