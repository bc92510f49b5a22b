"""What of the timers survives a restart and a power cut."""

from __future__ import annotations

import math

import pytest

from device.timers.fade import TOLERANCE
from device.timers.kept import row_of, timers_of
from device.timers.now import Now
from device.timers.row import NOTHING_SET
from device.timers.state import NEARLY_SILENT, NO_TIMERS, SOFTEST
from device.timers.steps import Music, Pause, SetVolume
from tests.device.timers.evening import BERLIN, SEVEN, Evening, silent


def test_a_restart_in_the_middle_of_a_fade_goes_on_with_it(
    evening: Evening,
) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    evening.now = Now(5.0, evening.now.wall + 10, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.pass_by(25)
    assert evening.music == Music(playing=False, volume=50)


def test_after_a_power_cut_long_after_the_end_the_music_is_left_alone_at_the_volume_of_before(
    evening: Evening,
) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    later = Now(5.0, evening.now.wall + 3600, zone=BERLIN)
    evening.timers, evening.now = timers_of(row_of(evening.timers), later), later
    evening.pass_by(60)
    assert evening.music == Music(playing=True, volume=50)


def cut_off(evening: Evening, music: Music, seconds: float, *, at: float = 30) -> None:
    """The box is killed in a fade of a minute, by default in its middle, and starts again after so long."""
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(at)
    evening.now = Now(5.0, evening.now.wall + seconds, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.done, evening.music = [], music


@pytest.mark.parametrize(("seconds", "playing"), [(5, True), (5, False), (3600, True), (3600, False)])
def test_who_has_made_it_louder_while_the_box_was_not_running_keeps_that_volume(
    evening: Evening, seconds: float, playing: bool
) -> None:
    cut_off(evening, Music(playing, volume=70), seconds)
    evening.pass_by(60)
    assert evening.music
    assert evening.music.volume == 70
    assert evening.volumes.count(70) <= 1


@pytest.mark.parametrize(("seconds", "playing"), [(5, True), (5, False), (3600, True), (3600, False)])
def test_who_has_turned_it_down_while_the_box_was_not_running_keeps_that_volume(
    evening: Evening, seconds: float, playing: bool
) -> None:
    evening.music = Music(playing=True, volume=90)
    cut_off(evening, Music(playing, volume=20), seconds, at=20)
    evening.pass_by(60)
    assert evening.music
    assert evening.music.volume == 20
    assert max(evening.volumes, default=0) <= 20


@pytest.mark.parametrize("before", [30, 50, 90])
def test_at_each_step_what_somebody_turns_down_is_told_from_what_the_fade_has_set(before: int) -> None:
    evening = Evening(music=Music(playing=True, volume=before))
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(1)
    steps = 0
    while (asked := evening.timers.asked or 0) > NEARLY_SILENT:
        after = timers_of(row_of(evening.timers), evening.now)
        assert not after.is_somebodys(asked - TOLERANCE)  # as a coarse mixer sets it
        assert after.is_somebodys(asked - TOLERANCE - 1)
        evening.pass_by(evening.timers.next_check(evening.now) - evening.now.monotonic)
        steps += 1
    assert steps > 5


def test_a_soft_beginning_is_written_down_when_it_begins_and_when_it_is_over() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    rows = [row_of(evening.timers)]
    evening.pass_by(1799)
    while evening.now.monotonic < SEVEN.monotonic + 3600:
        evening.pass_by(1)
        rows += [row] if (row := row_of(evening.timers)) != rows[-1] else []
    assert len(rows) == 3


def test_who_turns_down_what_is_nearly_silent_does_not_choose_it_while_the_box_is_not_running_either(
    evening: Evening,
) -> None:
    cut_off(evening, Music(playing=False, volume=0), 3600, at=40)
    evening.pass_by(10)
    assert evening.music == Music(playing=False, volume=50)


def test_a_power_cut_after_which_mpd_has_an_older_volume_of_the_fade_brings_the_volume_of_before_back(
    evening: Evening,
) -> None:
    """MPD keeps its own volume only once in a while."""
    cut_off(evening, Music(playing=False, volume=35), 5)
    evening.pass_by(60)
    assert evening.volumes == [50]


def test_a_soft_beginning_that_was_cut_off_does_not_leave_one_of_its_older_volumes() -> None:
    """MPD keeps its own volume only once in a while."""
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1920)
    assert (evening.timers.asked or 0) > NEARLY_SILENT + TOLERANCE
    evening.now = Now(5.0, evening.now.wall + 3600, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.music = Music(playing=False, volume=SOFTEST)
    evening.pass_by(10)
    assert evening.music == Music(playing=False, volume=50)


def test_the_volume_of_before_comes_back_once(evening: Evening) -> None:
    cut_off(evening, Music(playing=False, volume=20), 5)
    evening.pass_by(600)
    assert evening.volumes == [50]


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("playing", [True, False])
def test_a_wake_time_that_is_cut_off_in_its_soft_beginning_goes_on_softly(playing: bool, once: bool) -> None:
    """The box alone was killed, or the power failed, and MPD is paused."""
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    evening.pass_by(1860)
    assert evening.music
    reached = evening.music.volume or 0
    evening.now = Now(5.0, evening.now.wall + 30, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.done, evening.music = [], Music(playing, reached)
    evening.pass_by(60)
    assert evening.volumes[0] == (reached if playing else SOFTEST)
    assert max(evening.volumes) < 50
    evening.pass_by(200)
    assert evening.music == Music(playing=True, volume=50)
    assert evening.timers.wake
    assert evening.timers.wake.on is not once


def test_who_has_made_a_soft_beginning_louder_while_the_box_was_not_running_keeps_that_volume() -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now)
    evening.pass_by(1860)
    evening.now = Now(5.0, evening.now.wall + 30, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.done, evening.music = [], Music(playing=True, volume=70)
    evening.pass_by(300)
    assert evening.done == []


@pytest.mark.parametrize("once", [False, True])
def test_a_wake_time_that_was_switched_off_in_its_soft_beginning_does_not_go_on(once: bool) -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    evening.pass_by(1860)
    evening.timers = evening.timers.switched(evening.now, on=False)
    evening.now = Now(5.0, evening.now.wall + 30, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.done, evening.music = [], Music(playing=False, volume=12)
    evening.pass_by(600)
    assert evening.done == [SetVolume(50)]


@pytest.mark.parametrize(("once", "seconds"), [(False, 3600), (True, 3600), (True, 86400)])
def test_a_power_cut_in_the_soft_beginning_does_not_wake_an_hour_later_or_once_more_on_another_day(
    once: bool, seconds: float
) -> None:
    evening = silent()
    evening.timers = evening.timers.waking(450, evening.now, once=once)
    evening.pass_by(1860)
    evening.now = Now(5.0, evening.now.wall + seconds, zone=BERLIN)
    evening.timers = timers_of(row_of(evening.timers), evening.now)
    evening.done, evening.music = [], Music(playing=False, volume=12)
    evening.pass_by(600)
    assert evening.done == [SetVolume(50)]
    assert evening.timers.wake
    assert evening.timers.wake.on is not once


def test_what_is_silent_already_in_the_last_minute_is_not_loud_once_more(evening: Evening) -> None:
    cut_off(evening, Music(playing=True, volume=0), 5, at=50)
    evening.pass_by(60)
    assert evening.done == [Pause(), SetVolume(50)]


def test_a_clock_that_is_behind_after_a_restart_does_not_make_the_timer_longer(evening: Evening) -> None:
    row = row_of(evening.timers.sleeping(30, evening.now))
    kept = timers_of(row, Now(5.0, evening.now.wall - 86400))
    assert kept.sleep
    assert kept.sleep.ends == 5.0 + 1800


@pytest.mark.parametrize("once", [False, True])
def test_a_wake_time_is_kept(evening: Evening, once: bool) -> None:
    timers = evening.timers.waking(450, evening.now, once=once)
    assert timers_of(row_of(timers), evening.now) == timers


def test_nothing_is_kept_of_nothing(evening: Evening) -> None:
    assert row_of(NO_TIMERS) == NOTHING_SET
    assert timers_of(NOTHING_SET, evening.now) == NO_TIMERS
    assert NO_TIMERS.next_check(evening.now) == math.inf
