"""The wake time, by a clock of the test's own."""

from __future__ import annotations

import pytest

from device.timers.now import Now
from device.timers.state import RISE_S, SOFTEST
from device.timers.steps import Begin, Missed, Music, Pause, SetVolume
from device.timers.wake_time import LATE_S
from tests.device.timers.evening import BERLIN, JUMPS, Evening, silent, wall


def test_the_music_begins_softly_and_rises_to_the_volume_of_before() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(30 * 60 - 1)
    assert evening.done == []
    evening.pass_by(2)
    assert evening.done == [SetVolume(SOFTEST), Begin()]
    evening.pass_by(RISE_S)
    assert evening.volumes == sorted(evening.volumes)
    assert evening.music == Music(playing=True, volume=50)
    assert evening.timers.before is None


@pytest.mark.parametrize(("once", "days"), [(False, 3), (True, 1)])
def test_it_wakes_every_day_or_once(once: bool, days: int) -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    for _ in range(3):
        evening.pass_by(86400)
        evening.music = Music(playing=False, volume=50)
    assert evening.done.count(Begin()) == days
    assert evening.timers.wake
    assert evening.timers.wake.on is not once


def test_nothing_happens_if_music_plays(evening: Evening) -> None:
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(3600)
    evening.music = Music(playing=False, volume=50)
    evening.pass_by(3600)
    assert evening.done == []


def test_a_time_that_has_just_passed_is_meant_for_tomorrow() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(420, evening.now)
    evening.pass_by(86400 - 1)
    assert evening.done == []
    evening.pass_by(2)
    assert Begin() in evening.done


def test_off_and_on_keep_the_time() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now).switched(evening.now, on=False)
    evening.pass_by(86400)
    assert evening.done == []
    evening.timers = evening.timers.switched(evening.now, on=True)
    evening.pass_by(86400)
    assert Begin() in evening.done


@pytest.mark.parametrize("late", [0.0, LATE_S - 1, LATE_S + 1])
def test_what_was_missed_is_made_up_for_within_a_few_minutes(late: float) -> None:
    """The box was off, or MPD was away."""
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    music, evening.music = evening.music, None
    evening.pass_by(1800 + late)
    evening.music = music
    evening.check()
    assert (Begin() in evening.done) == (late < LATE_S)


@pytest.mark.parametrize("off", [True, False])
def test_one_for_once_that_was_missed_does_not_come_a_day_late(off: bool) -> None:
    """The box was off, or MPD was away."""
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=True)
    music, evening.music = evening.music, None
    if off:
        evening.restart(Now(5.0, evening.now.wall + 4000, zone=BERLIN))
    else:
        evening.pass_by(4000)
    evening.music = music
    evening.pass_by(3 * 86400)
    assert evening.done == [Missed(wall("07:30"))]
    assert evening.timers.wake
    assert not evening.timers.wake.on


@pytest.mark.parametrize("once", [False, True])
def test_one_that_was_set_before_the_clock_was_is_meant_for_the_next_time(once: bool) -> None:
    evening = silent()
    evening.now = Now(10.0, wall("03:00"), is_set=False, zone=BERLIN)
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    evening.now = Now(20.0, wall("22:00"), is_set=True, zone=BERLIN)
    evening.pass_by(60)
    assert evening.done == []
    evening.pass_by(10 * 3600)
    assert evening.done.count(Begin()) == 1


def test_it_does_not_begin_twice_if_the_clock_is_set_back() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1801)
    evening.music = Music(playing=False, volume=50)
    evening.jump(-600)
    evening.pass_by(1200)
    assert evening.done.count(Begin()) == 1


def test_a_jump_over_the_time_does_not_begin_the_music() -> None:
    """The clock was two hours behind, so that at half past seven it was no time to wake."""
    evening = silent()
    evening.now = Now(1000.0, wall("01:00"), zone=BERLIN)
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(5 * 3600)
    evening.jump(2 * 3600)
    evening.pass_by(60)
    assert evening.done == [Missed(wall("07:30"))]


CLOCK_BEHIND = pytest.mark.parametrize("is_set", [False, True], ids=["not set", "believed"])
"""Until when the clock is wrong: the box knows that, or it does not, since another program sets the clock."""


def set_by_a_clock_that_is_behind(at: str, until: str, *, once: bool, is_set: bool) -> Evening:
    """A wake time at half past seven, and the clock gets right later."""
    evening = silent()
    evening.now = Now(1000.0, wall("02:00"), is_set=is_set, zone=BERLIN)
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    evening.pass_by(wall(until) - wall(at))
    assert evening.done == []
    evening.now = Now(evening.now.monotonic, wall(until), zone=BERLIN)
    return evening


@CLOCK_BEHIND
@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize(
    ("at", "until", "wakes"),
    [
        ("07:20", "07:25", "07:30"),
        ("07:20", "07:33", "07:33"),  # made up for
        ("07:32", "07:33", "the next day"),
        ("07:40", "07:50", "the next day"),
    ],
)
def test_one_that_was_set_by_a_clock_that_was_behind_wakes_at_the_next_such_time_of_the_real_one(
    at: str, until: str, wakes: str, *, once: bool, is_set: bool
) -> None:
    evening = set_by_a_clock_that_is_behind(at, until, once=once, is_set=is_set)
    due = wall("07:30") + 86400 if wakes == "the next day" else wall(wakes)
    evening.pass_by(due - evening.now.wall)
    evening.check()
    assert evening.done == [SetVolume(SOFTEST), Begin()]


@CLOCK_BEHIND
@pytest.mark.parametrize("once", [False, True])
def test_one_that_came_while_the_clock_was_behind_was_missed_and_for_once_is_not_a_day_late(
    *, once: bool, is_set: bool
) -> None:
    evening = set_by_a_clock_that_is_behind("07:20", "07:40", once=once, is_set=is_set)
    evening.check()
    assert evening.done == [Missed(wall("07:30"))]
    evening.pass_by(86400)
    assert evening.done.count(Begin()) == (0 if once else 1)


@pytest.mark.parametrize("once", [False, True])
def test_one_that_came_while_the_clock_was_not_set_was_missed_also_if_the_box_has_started_again(
    *, once: bool
) -> None:
    evening = silent()
    evening.now = Now(1000.0, wall("02:00"), is_set=False, zone=BERLIN)
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    evening.restart(Now(10.0, wall("02:05"), is_set=False, zone=BERLIN))
    evening.pass_by(15 * 60)
    evening.now = Now(evening.now.monotonic, wall("07:40"), zone=BERLIN)  # it has started at 07:25
    evening.pass_by(86400)
    assert evening.done[0] == Missed(wall("07:30"))
    assert evening.done.count(Begin()) == (0 if once else 1)


def test_it_wakes_although_a_clock_that_was_far_ahead_was_set_back_while_the_box_was_off() -> None:
    evening = silent()
    evening.jump(365 * 86400)
    evening.timers = evening.timers.waking(450, evening.now)
    evening.restart(Now(5.0, wall("07:00"), zone=BERLIN))
    evening.pass_by(1801)
    assert Begin() in evening.done


def test_before_the_network_has_set_the_clock_nothing_begins() -> None:
    """The Pi was without power from half past seven to eight: its clock has stood still."""
    evening = silent()
    evening.now = Now(10.0, wall("07:29"), is_set=False, zone=BERLIN)
    evening.timers = evening.timers.waking(450, Now(0.0, wall("07:00")))
    evening.pass_by(120)
    assert evening.done == []
    evening.now = Now(evening.now.monotonic, wall("08:00"), is_set=True, zone=BERLIN)
    evening.pass_by(3600)
    assert evening.done == [Missed(wall("07:30"))]


def test_a_press_while_it_rises_makes_it_as_loud_as_before_and_it_plays_on() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1860)
    evening.timers = evening.timers.touched(evening.now)
    evening.check()
    assert evening.music == Music(playing=True, volume=50)


@JUMPS
def test_a_jump_of_the_clock_while_it_rises_changes_nothing(seconds: int) -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1860)
    evening.jump(seconds)
    evening.pass_by(RISE_S)
    assert evening.volumes == sorted(set(evening.volumes))
    assert evening.music == Music(playing=True, volume=50)
    assert evening.done.count(Begin()) == 1


def test_to_pause_while_it_rises_brings_the_volume_back() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1860)
    evening.timers = evening.timers.paused(evening.now)
    evening.pass_by(10)
    assert evening.music
    assert evening.music.volume == 50


def test_without_a_mixer_it_begins_at_once() -> None:
    evening = Evening(music=Music(playing=False, volume=None))
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(3600)
    assert evening.done == [Begin()]


def test_a_wake_time_in_the_last_minute_of_the_sleep_timer_is_not_slept_through(evening: Evening) -> None:
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(29 * 60 + 30)
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(120)
    assert evening.music == Music(playing=True, volume=50)


def test_a_wake_time_that_comes_together_with_the_end_of_the_sleep_timer_is_not_slept_through(
    evening: Evening,
) -> None:
    """MPD was away for the last minute, or the clock has jumped: both are due at the same moment."""
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(29 * 60)
    evening.timers = evening.timers.sleeping(1, evening.now)
    music, evening.music = evening.music, None
    evening.pass_by(70)
    evening.music = music
    evening.check()
    evening.pass_by(120)
    assert evening.music == Music(playing=True, volume=50)


def test_music_that_the_sleep_timer_has_just_paused_begins_again_though_mpd_reports_it_late(
    evening: Evening,
) -> None:
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(28 * 60 + 59.5)
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(60)
    assert evening.done[-1] == Pause()
    evening.music = Music(playing=True, volume=1)  # as it was before
    evening.pass_by(0.7)
    evening.music = Music(playing=False, volume=1)
    evening.pass_by(RISE_S + 5)
    assert Begin() in evening.done
    assert evening.music == Music(playing=True, volume=50)


def test_without_a_mixer_a_wake_time_in_the_last_minute_is_not_slept_through(evening: Evening) -> None:
    evening.music = Music(playing=True, volume=None)
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(29 * 60 + 30)
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(120)
    assert Pause() not in evening.done


@pytest.mark.parametrize("hours", [5, 24, 24 * 365])
def test_it_wakes_although_a_clock_that_was_ahead_had_shown_that_time_already(hours: int) -> None:
    evening = silent()
    evening.jump(hours * 3600)
    evening.timers = evening.timers.waking(450, evening.now)
    evening.jump(-hours * 3600)
    evening.pass_by(1801)
    assert Begin() in evening.done


def test_it_wakes_again_if_the_clock_was_hours_ahead_when_it_did(evening: Evening) -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1801)
    evening.music = Music(playing=False, volume=50)
    evening.jump(-10 * 3600)
    evening.pass_by(10 * 3600)
    assert evening.done.count(Begin()) == 2
