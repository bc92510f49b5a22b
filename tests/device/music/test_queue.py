from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.music.queue import Entry, Snapshot, ahead, own_again, played_to_end, still_own

A, B, C = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
entries = st.lists(
    st.builds(Entry, st.integers(1, 9), st.sampled_from("abc")), max_size=8, unique_by=lambda e: e.id
)


def test_own_songs_are_known_by_id_and_uri() -> None:
    assert still_own([A, C], [A, B, C]) == (A, C)


def test_an_entry_that_somebody_removed_is_forgotten() -> None:
    assert still_own([A, B], [A]) == (A,)


def test_after_a_restart_of_mpd_own_songs_are_known_by_their_uri() -> None:
    assert own_again([A, B], [Entry(7, "x.ogg"), Entry(8, "a.ogg"), Entry(9, "b.ogg")]) == (
        Entry(8, "a.ogg"),
        Entry(9, "b.ogg"),
    )


def test_the_same_song_queued_by_somebody_else_stays_theirs() -> None:
    theirs = Entry(4, "a.ogg")
    assert still_own([A], [A, theirs]) == (A,)
    assert still_own([A], [theirs]) == ()
    assert own_again([A], [Entry(7, "a.ogg"), Entry(8, "a.ogg")]) == (Entry(7, "a.ogg"),)


@given(entries, entries)
def test_never_more_is_owned_than_was(own: list[Entry], queue: list[Entry]) -> None:
    assert set(still_own(own, queue)) == set(own) & set(queue)
    kept = own_again(own, queue)
    assert set(kept) <= set(queue)
    for uri in "abc":
        assert [e.uri for e in kept].count(uri) <= [e.uri for e in own].count(uri)


def test_ahead_is_what_comes_after_the_song_that_plays() -> None:
    assert ahead([A, C], Snapshot("play", (A, B, C), current=A)) == (C,)
    assert ahead([A, C], Snapshot("play", (A, B, C), current=C)) == ()


def test_nothing_is_ahead_of_a_queue_that_was_played_to_its_end() -> None:
    assert ahead([A], Snapshot("stop", (A,))) == ()


def test_only_a_queue_that_is_still_there_has_been_played_to_its_end() -> None:
    before = Snapshot("play", (A, B), current=B)
    assert played_to_end(before, Snapshot("stop", (A, B)))
    assert not played_to_end(before, Snapshot("stop", ()))  # somebody cleared it
    assert not played_to_end(before, Snapshot("stop", (A, B), current=B))  # somebody stopped it
    assert not played_to_end(Snapshot("stop", (A, B)), Snapshot("stop", (A, B)))
