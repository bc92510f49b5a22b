from __future__ import annotations

import pytest

from device.mpd.snapshot import Entry, Snapshot, played_to_end, taken_over, upcoming

A, B, C = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
THEIRS, OTHER = Entry(7, "theirs.ogg"), Entry(8, "other.ogg")


def test_ahead_is_what_comes_after_the_song_that_plays() -> None:
    assert upcoming([A, C], Snapshot("play", (A, B, C), current=A)) == (C,)
    assert upcoming([A, C], Snapshot("play", (A, B, C), current=C)) == ()


def test_nothing_is_ahead_of_a_queue_that_was_played_to_its_end() -> None:
    assert upcoming([A], Snapshot("stop", (A,))) == ()


def test_only_a_queue_that_is_still_there_has_been_played_to_its_end() -> None:
    before = Snapshot("play", (A, B), current=B)
    assert played_to_end(before, Snapshot("stop", (A, B)))
    assert not played_to_end(before, Snapshot("stop", ()))  # somebody cleared it
    assert not played_to_end(before, Snapshot("stop", (A, B), current=B))  # somebody stopped it
    assert not played_to_end(Snapshot("stop", (A, B)), Snapshot("stop", (A, B)))


def test_a_last_song_that_mpd_consumes_has_been_played_to_its_end() -> None:
    before = Snapshot("play", (B,), current=B, consume=True)
    assert played_to_end(before, Snapshot("stop", (), consume=True))


def test_who_wants_a_single_song_gets_no_other_at_its_end() -> None:
    before = Snapshot("play", (A, B), current=B, single=True)
    assert not played_to_end(before, Snapshot("stop", (A, B), single=True))
    assert not played_to_end(before, Snapshot("stop", (A, B)))  # `oneshot` is over then
    before = Snapshot("play", (A, B), current=B)
    assert not played_to_end(before, Snapshot("stop", (A, B), single=True))  # said just before the end


OURS = Snapshot("play", (A, B, THEIRS), current=A, next=B)
LAST = Snapshot("play", (A, B, THEIRS), current=B, next=THEIRS)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (OURS, Snapshot("stop", ())),
        (OURS, Snapshot("stop", (THEIRS, OTHER))),
        (OURS, Snapshot("play", (THEIRS, OTHER), current=THEIRS)),
        (OURS, Snapshot("play", (A, B, THEIRS), current=THEIRS)),
        (Snapshot("pause", (A, B, THEIRS), current=A, next=B), Snapshot("play", (A, B, THEIRS), THEIRS)),
        (Snapshot("stop", (A, B, THEIRS)), Snapshot("play", (A, B, THEIRS), THEIRS)),
        (Snapshot("stop", (A, B, THEIRS), current=THEIRS), Snapshot("play", (A, B, THEIRS), THEIRS)),
    ],
    ids=["cleared", "loaded", "loaded and played", "played", "from a pause", "from a stop", "went on"],
)
def test_who_clears_loads_or_plays_their_own_has_taken_over(before: Snapshot, now: Snapshot) -> None:
    assert taken_over(before, now, (A, B))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (OURS, LAST),
        (LAST, Snapshot("play", LAST.queue, current=THEIRS)),
        (OURS, Snapshot("play", (OTHER, *OURS.queue), current=A)),
        (OURS, Snapshot("play", (A, THEIRS), current=A)),
        (OURS, Snapshot("pause", OURS.queue, current=A)),
        (OURS, Snapshot("stop", OURS.queue, current=A)),
        (OURS, Snapshot("play", (B, A, THEIRS), current=A, next=THEIRS)),
        (Snapshot("play", (A,), current=A, consume=True), Snapshot("stop", (), consume=True)),
        (Snapshot("pause", LAST.queue, current=THEIRS), Snapshot("play", LAST.queue, current=THEIRS)),
        (OURS, Snapshot("play", OURS.queue, current=THEIRS, error="Failed to decode b.ogg")),
    ],
    ids=[
        *("next", "came to theirs", "added", "removed", "paused", "stopped", "moved", "consumed", "resumed"),
        "broken",
    ],
)
def test_who_only_adds_moves_or_stops_has_not(before: Snapshot, now: Snapshot) -> None:
    assert not taken_over(before, now, (A, B))


def test_with_random_on_a_change_of_the_queue_may_have_made_theirs_the_next() -> None:
    before = Snapshot("play", (A, B, THEIRS), current=A, next=B, random=True)
    changed = Snapshot("play", (A, B, THEIRS, C), current=THEIRS, random=True)
    assert not taken_over(before, changed, (A, B))
    assert taken_over(before, Snapshot("play", before.queue, current=THEIRS, random=True), (A, B))
    assert taken_over(before, Snapshot("play", (A, B, OTHER), current=OTHER, random=True), (A, B))


def test_mpd_has_gone_mute_when_it_pauses_with_an_error_that_was_not_there_before() -> None:
    plays = Snapshot("play", (A, B), current=A)
    mute = Snapshot("pause", (A, B), current=A, error="Failed to open ALSA device")
    assert mute.output_failed_since(plays)
    assert mute.output_failed_since(Snapshot("stop", (A, B)))
    assert not Snapshot("pause", (A, B), current=A).output_failed_since(plays)  # somebody has paused it
    assert not mute.output_failed_since(Snapshot("pause", (A, B), current=A))  # it was paused already


def test_an_error_of_the_song_to_come_makes_no_pause_of_somebodys_one_of_mpds_own() -> None:
    broken = "Failed to decode b.ogg"
    before = Snapshot("play", (A, B), current=A, error=broken)
    assert not Snapshot("pause", (A, B), current=A, error=broken).output_failed_since(before)
