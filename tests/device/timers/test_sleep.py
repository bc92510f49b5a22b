"""The sleep timer, by a clock of the test's own."""

from __future__ import annotations

import pytest

from device.timers.now import Now
from device.timers.state import FADE_OUT_S, MAX_RESTORES, Timers
from device.timers.steps import Music, Pause, SetVolume
from tests.device.timers.evening import JUMPS, Evening, silent


def test_the_music_grows_softer_in_the_last_minute_pauses_and_is_as_loud_as_before(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(30, evening.now)
    evening.pass_by(30 * 60 - FADE_OUT_S)
    assert evening.done == []
    evening.pass_by(FADE_OUT_S - 0.1)
    assert evening.volumes == sorted(evening.volumes, reverse=True)
    assert evening.volumes[-1] == 1
    evening.pass_by(5)
    assert evening.done[-2:] == [Pause(), SetVolume(50)]
    assert evening.timers == Timers(restore_at=evening.timers.restore_at, asked=evening.timers.asked)
    assert evening.timers.is_idle


def test_what_is_a_fade_of_its_own_wakes_the_box_less_than_once_a_second(evening: Evening) -> None:
    evening.music = Music(playing=True, volume=100)
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(FADE_OUT_S)
    assert len(evening.volumes) < FADE_OUT_S


def test_off_means_off(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(30, evening.now).sleeping(0, evening.now)
    evening.pass_by(3600)
    assert evening.done == []


def test_without_a_mixer_the_music_pauses_at_once(evening: Evening) -> None:
    evening.music = Music(playing=True, volume=None)
    evening.timers = evening.timers.sleeping(5, evening.now)
    evening.pass_by(301)
    assert evening.done == [Pause()]


def test_music_that_does_not_play_is_left_alone() -> None:
    evening = silent()
    evening.timers = evening.timers.sleeping(5, evening.now)
    evening.pass_by(400)
    assert evening.done == []


def test_a_player_that_is_away_at_the_end_pauses_once_it_is_back(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(5, evening.now)
    evening.music = None
    evening.pass_by(400)
    evening.music = Music(playing=True, volume=50)
    evening.check()
    assert evening.done == [Pause()]


def test_a_press_ends_a_fade_and_the_timer(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    evening.timers = evening.timers.touched(evening.now)
    evening.check()
    assert evening.music == Music(playing=True, volume=50)
    evening.pass_by(3600)
    assert Pause() not in evening.done


def test_a_press_before_the_fade_leaves_the_timer(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(30, evening.now)
    assert evening.timers.touched(evening.now) == evening.timers


def test_to_pause_ends_the_timer(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    evening.music = Music(playing=False, volume=evening.timers.asked)
    evening.timers = evening.timers.paused(evening.now)
    evening.pass_by(10)
    assert evening.music == Music(playing=False, volume=50)
    evening.music = Music(playing=True, volume=50)
    evening.pass_by(3600)
    assert Pause() not in evening.done


def test_who_makes_fading_music_louder_still_listens(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    evening.timers = evening.timers.volume_taken(louder=True)
    evening.music = Music(playing=True, volume=40)
    evening.pass_by(3600)
    assert evening.music == Music(playing=True, volume=40)


def test_who_makes_it_quieter_wants_to_sleep_and_finds_that_volume_again(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(20)
    evening.timers = evening.timers.volume_taken(louder=False)
    evening.music = Music(playing=True, volume=10)
    evening.pass_by(60)
    assert evening.music == Music(playing=False, volume=10)


def test_a_new_time_during_the_fade_makes_it_loud_again_until_then(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(40)
    evening.timers = evening.timers.sleeping(30, evening.now)
    evening.check()
    assert evening.music == Music(playing=True, volume=50)
    evening.pass_by(1802)
    assert evening.music == Music(playing=False, volume=50)


def test_only_another_volume_than_the_fades_is_somebodys(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    assert evening.music
    assert evening.music.volume is not None
    assert evening.timers.explains(evening.music.volume, evening.now)
    assert evening.timers.explains(evening.music.volume + 1, evening.now)  # a coarse mixer
    assert not evening.timers.explains(50, evening.now)


def test_a_report_that_comes_very_late_is_nobodys(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(10)
    assert evening.music
    assert evening.music.volume is not None
    later = Now(evening.now.monotonic + 45, evening.now.wall + 45)  # MPD or the box had hung
    assert evening.timers.explains(evening.music.volume, later)


def test_a_volume_that_cannot_be_set_for_the_moment_comes_back_later(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(60)
    evening.music = Music(playing=False, volume=None)
    evening.pass_by(10)
    evening.music = Music(playing=False, volume=1)
    evening.check()
    assert evening.music == Music(playing=False, volume=50)


def test_a_jump_of_the_clock_does_not_change_how_long_the_music_plays(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(30, evening.now)
    evening.jump(365 * 86400)
    evening.pass_by(29 * 60 - 1)
    assert evening.done == []
    assert evening.timers.sleep
    assert evening.timers.sleep.until - evening.now.wall == pytest.approx(61, abs=2)


@JUMPS
def test_a_jump_of_the_clock_while_it_grows_softer_changes_nothing(evening: Evening, seconds: int) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(30)
    evening.jump(seconds)
    evening.pass_by(29)
    assert evening.volumes == sorted(set(evening.volumes), reverse=True)
    evening.pass_by(10)
    assert evening.done[-2:] == [Pause(), SetVolume(50)]
    assert evening.music == Music(playing=False, volume=50)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_volume_of_before_that_is_lost_on_its_way_is_set_again(evening: Evening, lost: int) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(59.5)
    evening.loses_volume = True  # for example because the connection to MPD is lost
    for _ in range(lost):
        evening.pass_by(2)
        assert evening.done[-1] == SetVolume(50)
        assert evening.timers.before == 50  # kept for a restart, too
    evening.loses_volume = False
    evening.pass_by(10)
    assert evening.music == Music(playing=False, volume=50)
    assert evening.timers.is_idle


def test_a_volume_of_before_that_is_not_allowed_any_more_is_not_asked_for_forever(evening: Evening) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(60)
    for _ in range(20):
        evening.pass_by(1)
        evening.music = Music(playing=False, volume=30)  # the highest
    assert evening.done.count(SetVolume(50)) == MAX_RESTORES
    assert evening.timers.is_idle


@pytest.mark.parametrize("volume", [0, 1])
def test_who_turns_down_what_is_nearly_silent_has_the_volume_of_before_the_next_day(
    evening: Evening, volume: int
) -> None:
    evening.timers = evening.timers.sleeping(1, evening.now)
    evening.pass_by(58)
    evening.timers = evening.timers.volume_taken(louder=False)
    evening.music = Music(playing=True, volume=volume)
    evening.pass_by(1.5)
    assert max(evening.volumes[-1], evening.music.volume or 0) <= 1
    evening.pass_by(10)
    assert evening.music == Music(playing=False, volume=50)
