"""Which songs count as played through or as skipped."""

from __future__ import annotations

from typing import Any

import pytest

from device.mpd.snapshot import Entry, Snapshot
from device.playback.play_tracker import (
    COMPLETED_AFTER_S,
    SOUNDED_AFTER_S,
    PlayInProgress,
    PlayOutcome,
    follow,
    interrupt,
    skip,
)

A, B, FOREIGN = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
QUEUE = (A, B, FOREIGN)
OWN = (A, B)
COMPLETED, SKIPPED = PlayOutcome.COMPLETED, PlayOutcome.SKIPPED


def at(current: Entry | None, state: Any = "play", duration: float = 100, **more: Any) -> Snapshot:
    return Snapshot(state, QUEUE, current, duration=duration, **more)


def outcomes(*moments: tuple[float, Snapshot]) -> list[PlayOutcome | None]:
    """What became of songs at each of these moments."""
    play: PlayInProgress | None = None
    found = []
    for now, snapshot in moments:
        play, outcome = follow(play, snapshot, OWN, now)
        found.append(outcome)
    return found


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(2, SKIPPED), (49, SKIPPED), (50, COMPLETED), (100, COMPLETED)]
)
def test_a_song_counts_as_played_through_from_half_on_and_as_skipped_before(
    seconds: float, outcome: PlayOutcome
) -> None:
    assert outcomes((0, at(A)), (seconds, at(B))) == [None, outcome]


def test_four_minutes_of_a_long_song_are_enough() -> None:
    assert outcomes((0, at(A, duration=3600)), (COMPLETED_AFTER_S, at(B)))[-1] is COMPLETED
    assert outcomes((0, at(A, duration=3600)), (COMPLETED_AFTER_S - 1, at(B)))[-1] is SKIPPED


def test_time_while_paused_does_not_count() -> None:
    assert outcomes((0, at(A)), (10, at(A, "pause")), (90, at(A)), (100, at(B)))[-1] is SKIPPED
    assert outcomes((0, at(A)), (10, at(A, "pause")), (90, at(A)), (130, at(B)))[-1] is COMPLETED


@pytest.mark.parametrize(
    "then",
    [
        at(A, "stop"),
        at(None, "stop"),
        Snapshot("stop"),
        at(FOREIGN),
        at(B, "pause"),
        at(B, error="Failed to decode a.ogg"),
    ],
    ids=["stopped", "ended", "cleared", "a foreign song", "not playing", "broken"],
)
def test_a_stop_a_pause_and_what_other_clients_do_are_no_skip(then: Snapshot) -> None:
    assert outcomes((0, at(A)), (3, then))[-1] is None


def test_a_song_played_through_before_a_stop_counts() -> None:
    assert outcomes((0, at(A)), (80, at(A, "stop")))[-1] is COMPLETED


def test_the_last_song_of_the_queue_counts_at_its_end() -> None:
    assert outcomes((0, at(B)), (100, at(None, "stop")))[-1] is COMPLETED


def test_songs_of_other_clients_do_not_count() -> None:
    assert outcomes((0, at(FOREIGN)), (80, at(A)), (160, at(FOREIGN))) == [None, None, COMPLETED]


def test_a_song_without_a_duration_is_never_skipped() -> None:
    assert outcomes((0, at(A, duration=0)), (3, at(B)))[-1] is None
    assert outcomes((0, at(A, duration=0)), (COMPLETED_AFTER_S, at(B)))[-1] is COMPLETED


def test_there_is_no_outcome_while_the_song_plays() -> None:
    assert outcomes(*((now, at(A)) for now in range(0, 99, 10))) == [None] * 10


def test_a_change_of_mood_is_no_skip() -> None:
    play, _ = follow(None, at(A), OWN, 0)
    over, outcome = interrupt(play, 10)
    assert outcome is None
    assert follow(over, at(B), OWN, 11)[1] is None
    assert interrupt(over, 90) == (over, None)


@pytest.mark.parametrize(("seconds", "outcome"), [(10, SKIPPED), (60, COMPLETED)])
def test_a_song_skipped_by_the_button_counts_once_whatever_follows(
    seconds: float, outcome: PlayOutcome
) -> None:
    for then in (at(B), at(None, "stop"), at(FOREIGN)):
        play, _ = follow(None, at(A), OWN, 0)
        asked = skip(skip(play))
        still, nothing = follow(asked, at(A), OWN, seconds / 2)
        assert nothing is None  # MPD has not gone on yet
        assert follow(still, then, OWN, seconds)[1] is outcome


def test_a_song_skipped_before_it_can_have_sounded_does_not_count() -> None:
    play, _ = follow(None, at(A), OWN, 0)
    assert follow(skip(play), at(B), OWN, SOUNDED_AFTER_S / 2)[1] is None
    assert follow(play, at(B), OWN, SOUNDED_AFTER_S / 2)[1] is None


def test_a_change_of_mood_while_a_skip_is_pending_counts_nothing() -> None:
    """MPD may be away, and then nothing was skipped."""
    play, _ = follow(None, at(A), OWN, 0)
    over, outcome = interrupt(skip(play), 10)
    assert outcome is None
    assert follow(over, at(B), OWN, 11)[1] is None


def test_a_song_played_through_before_a_change_of_mood_counts_once() -> None:
    play, _ = follow(None, at(A), OWN, 0)
    over, outcome = interrupt(play, 60)
    assert outcome is COMPLETED
    assert follow(over, at(B), OWN, 61)[1] is None


def test_a_song_joined_in_its_middle_counts_what_was_played_before() -> None:
    for elapsed, outcome in ((45, COMPLETED), (5, SKIPPED)):
        play, _ = follow(None, at(A, elapsed=elapsed), OWN, 0, joined=True)
        assert follow(play, at(B), OWN, 10)[1] is outcome
