from __future__ import annotations

from typing import Any

import pytest

from device.mpd.snapshot import Entry, Snapshot
from device.playback.play_tracker import COMPLETED_AFTER_S, PlayInProgress, PlayOutcome, follow, interrupt

A, B, THEIRS = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
QUEUE = (A, B, THEIRS)
OWN = (A, B)
COMPLETED, SKIPPED = PlayOutcome.COMPLETED, PlayOutcome.SKIPPED


def at(current: Entry | None, state: Any = "play", duration: float = 100, **more: Any) -> Snapshot:
    return Snapshot(state, QUEUE, current, duration=duration, **more)


def received(*moments: tuple[float, Snapshot]) -> list[PlayOutcome | None]:
    """What became of songs at each of these moments."""
    listening: PlayInProgress | None = None
    receptions = []
    for now, snapshot in moments:
        listening, outcome = follow(listening, snapshot, OWN, now)
        receptions.append(outcome)
    return receptions


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(2, SKIPPED), (49, SKIPPED), (50, COMPLETED), (100, COMPLETED)]
)
def test_a_song_is_heard_from_half_on_and_skipped_before(seconds: float, outcome: PlayOutcome) -> None:
    assert received((0, at(A)), (seconds, at(B))) == [None, outcome]


def test_four_minutes_of_a_long_song_will_do() -> None:
    assert received((0, at(A, duration=3600)), (COMPLETED_AFTER_S, at(B)))[-1] is COMPLETED
    assert received((0, at(A, duration=3600)), (COMPLETED_AFTER_S - 1, at(B)))[-1] is SKIPPED


def test_time_in_pause_does_not_count() -> None:
    assert received((0, at(A)), (10, at(A, "pause")), (90, at(A)), (100, at(B)))[-1] is SKIPPED
    assert received((0, at(A)), (10, at(A, "pause")), (90, at(A)), (130, at(B)))[-1] is COMPLETED


@pytest.mark.parametrize(
    "then",
    [
        at(A, "stop"),
        at(None, "stop"),
        Snapshot("stop"),
        at(THEIRS),
        at(B, "pause"),
        at(B, error="Failed to decode a.ogg"),
    ],
    ids=["stopped", "ended", "cleared", "a song of theirs", "not playing", "broken"],
)
def test_stop_pause_and_what_others_do_say_nothing_against_a_song(then: Snapshot) -> None:
    assert received((0, at(A)), (3, then))[-1] is None


def test_a_song_that_was_heard_before_the_music_stopped_counts() -> None:
    assert received((0, at(A)), (80, at(A, "stop")))[-1] is COMPLETED


def test_the_last_song_of_a_queue_counts_when_it_has_ended() -> None:
    assert received((0, at(B)), (100, at(None, "stop")))[-1] is COMPLETED


def test_songs_of_others_count_for_nothing() -> None:
    assert received((0, at(THEIRS)), (80, at(A)), (160, at(THEIRS))) == [None, None, COMPLETED]


def test_a_song_without_a_length_counts_only_for() -> None:
    assert received((0, at(A, duration=0)), (3, at(B)))[-1] is None
    assert received((0, at(A, duration=0)), (COMPLETED_AFTER_S, at(B)))[-1] is COMPLETED


def test_nothing_is_said_while_it_plays() -> None:
    assert received(*((now, at(A)) for now in range(0, 99, 10))) == [None] * 10


def test_a_change_of_mood_says_nothing_against_the_song_that_it_ends() -> None:
    listening, _ = follow(None, at(A), OWN, 0)
    over, outcome = interrupt(listening, 10)
    assert outcome is None
    assert follow(over, at(B), OWN, 11)[1] is None
    assert interrupt(over, 90) == (over, None)


@pytest.mark.parametrize(("seconds", "outcome"), [(10, SKIPPED), (60, COMPLETED)])
def test_a_song_that_the_button_skips_counts_once_whatever_follows(
    seconds: float, outcome: PlayOutcome
) -> None:
    listening, _ = follow(None, at(A), OWN, 0)
    over, skipped = interrupt(listening, seconds, skipped=True)
    assert skipped is outcome
    assert interrupt(over, seconds + 1, skipped=True) == (over, None)
    for then in (at(B), at(None, "stop"), at(THEIRS)):
        assert follow(over, then, OWN, seconds + 1)[1] is None


def test_a_song_that_was_heard_before_the_mood_changed_counts_once() -> None:
    listening, _ = follow(None, at(A), OWN, 0)
    over, outcome = interrupt(listening, 60)
    assert outcome is COMPLETED
    assert follow(over, at(B), OWN, 61)[1] is None


def test_a_box_that_comes_to_a_song_in_its_middle_knows_how_much_has_been_heard() -> None:
    for elapsed, outcome in ((45, COMPLETED), (5, SKIPPED)):
        listening, _ = follow(None, at(A, elapsed=elapsed), OWN, 0, joined=True)
        assert follow(listening, at(B), OWN, 10)[1] is outcome
