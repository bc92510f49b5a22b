from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.mood import Mood
from device.mpd.snapshot import Entry, Snapshot
from device.playback.ownership import QueueOwnership

A, B, C = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
STARTED = 1000.0
entries = st.lists(
    st.builds(Entry, st.integers(1, 9), st.sampled_from("abc")), max_size=8, unique_by=lambda e: e.id
)


def at(*queue: Entry, version: int = 5) -> Snapshot:
    return Snapshot("play", queue, version=version)


def held(*own: Entry) -> QueueOwnership:
    return QueueOwnership(own, started=STARTED, version=5)


def test_own_songs_are_known_by_id_and_uri() -> None:
    assert held(A, C).among(at(A, B, C)).entries == (A, C)


def test_an_entry_that_somebody_removed_is_forgotten() -> None:
    assert held(A, B).among(at(A)).entries == (A,)


def test_after_a_restart_of_mpd_own_songs_are_known_by_their_uri() -> None:
    queue = (Entry(7, "x.ogg"), Entry(8, "a.ogg"), Entry(9, "b.ogg"))
    assert held(A, B).recovered(at(*queue), STARTED + 60).entries == queue[1:]
    assert held(A, B).recovered(at(*queue, version=2), STARTED + 1).entries == queue[1:]


def test_the_same_song_queued_by_somebody_else_stays_theirs() -> None:
    theirs = Entry(4, "a.ogg")
    assert held(A).among(at(A, theirs)).entries == (A,)
    assert held(A).among(at(theirs)).entries == ()
    again = held(A).recovered(at(Entry(7, "a.ogg"), Entry(8, "a.ogg")), STARTED + 60)
    assert again.entries == (Entry(7, "a.ogg"),)


def test_while_the_box_was_away_too_if_mpd_was_not_started_again() -> None:
    assert held(A, B).recovered(at(Entry(7, "a.ogg"), B), STARTED + 0.9).entries == (B,)


def test_what_mpd_was_asked_for_and_did_not_confirm_is_found_among_what_is_new() -> None:
    theirs = Entry(4, "x.ogg")
    asking = held(A).with_request(Mood.SAD, ["x.ogg", "y.ogg"], at(A, theirs))
    new = (Entry(5, "x.ogg"), Entry(6, "y.ogg"))
    again = asking.recovered(at(A, theirs, *new, Entry(9, "x.ogg"), version=8), STARTED)
    assert again.entries == (A, *new)
    assert again.moods == {"x.ogg": Mood.SAD, "y.ogg": Mood.SAD}
    assert again.asked == ()


def test_what_mpd_was_asked_for_and_never_did_is_no_reason_to_take_somebodys_song() -> None:
    theirs = Entry(4, "x.ogg")
    asking = held(A).with_request(Mood.SAD, ["x.ogg"], at(A, theirs))
    assert asking.recovered(at(A, theirs), STARTED).entries == (A,)
    assert asking.recovered(at(theirs, version=1), STARTED + 60).entries == ()


def test_the_same_song_that_somebody_queued_meanwhile_stays_theirs() -> None:
    asking = held(A).with_request(Mood.SAD, ["x.ogg", "y.ogg", "z.ogg"], at(A))
    theirs = Entry(4, "y.ogg")
    new = (Entry(5, "x.ogg"), Entry(6, "y.ogg"), Entry(7, "z.ogg"))
    assert asking.recovered(at(theirs, A, *new, version=8), STARTED).entries == (A, *new)
    assert asking.recovered(at(theirs, A, *new[1:], version=9), STARTED).entries == (A, *new[1:])
    assert asking.recovered(at(theirs, A, version=6), STARTED).entries == (A,)


def test_moods_are_kept_as_long_as_their_songs() -> None:
    asking = held().with_request(Mood.SAD, ["a.ogg", "b.ogg"], at())
    queued = asking.confirmed([A, B])
    assert queued.moods == {"a.ogg": Mood.SAD, "b.ogg": Mood.SAD}
    assert queued.among(at(B)).moods == {"b.ogg": Mood.SAD}


def test_what_is_asked_outlives_a_look_at_the_queue() -> None:
    asking = held(A).with_request(Mood.SAD, ["b.ogg"], at(A))
    assert asking.among(at(version=6)).asked == ("b.ogg",)
    assert asking.among(at(version=6)).moods == {"b.ogg": Mood.SAD}


@given(entries, entries)
def test_never_more_is_owned_than_was(own: list[Entry], queue: list[Entry]) -> None:
    now = at(*queue)
    assert set(held(*own).among(now).entries) == set(own) & set(queue)
    for started in (STARTED, STARTED + 60):
        kept = held(*own).recovered(now, started).entries
        assert set(kept) <= set(queue)
        for uri in "abc":
            assert [e.uri for e in kept].count(uri) <= [e.uri for e in own].count(uri)
