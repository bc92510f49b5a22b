"""The transitions of what the box wants and waits for."""

from __future__ import annotations

from device.mood import Mood
from device.playback.state import ControlMode, PlaybackState
from tests.device.estimates import certain

CHANGING = PlaybackState().wanting(certain(Mood.SAD), by_button=True).change_started(edit_pending=False)


def test_the_button_stays_pressed_when_a_mood_is_wanted_without_it() -> None:
    state = PlaybackState().wanting(certain(Mood.SAD), by_button=False)
    assert not state.button_pressed
    state = state.wanting(certain(Mood.HAPPY), by_button=True).wanting(certain(Mood.SAD), by_button=False)
    assert (state.estimate, state.button_pressed) == (certain(Mood.SAD), True)


def test_a_change_during_a_pending_edit_is_deferred_until_it_is_resumed() -> None:
    deferred = CHANGING.change_started(edit_pending=True)
    assert (deferred.mode, deferred.change_deferred) == (ControlMode.CHANGING, True)
    assert deferred.change_resumed() == CHANGING
    assert CHANGING.change_completed().mode is ControlMode.FILLING


def test_broken_songs_in_a_row_are_counted_until_one_plays_or_another_mood_is_wanted() -> None:
    twice = CHANGING.queue_ended(broken=True).queue_ended(broken=True)
    assert (twice.failures, twice.mode) == (2, ControlMode.CHANGING)
    assert twice.queue_ended(broken=False).failures == 2
    assert twice.followed(playing=True, advanced=False).failures == 2
    assert twice.followed(playing=True, advanced=True).failures == 0
    assert twice.change_started(edit_pending=False).failures == 0


def test_the_queue_is_filled_only_while_music_plays() -> None:
    assert CHANGING.followed(playing=True, advanced=False).mode is ControlMode.FILLING
    assert CHANGING.followed(playing=False, advanced=False).mode is ControlMode.IDLE


def test_yielding_keeps_the_mood_and_what_is_pending() -> None:
    pending = CHANGING.search_started().library_missing()
    yielded = pending.yielded()
    assert yielded.mode is ControlMode.YIELDED
    assert (yielded.estimate, yielded.search_pending, yielded.library_pending) == (
        certain(Mood.SAD),
        True,
        True,
    )
    assert yielded.search_ended().library_arrived() == CHANGING.yielded()
