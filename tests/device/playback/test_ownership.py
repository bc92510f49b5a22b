"""Which entries of a queue the box recognizes as its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from device.mood import Mood
from device.mpd.snapshot import Entry, Snapshot
from device.playback.ownership import QueueOwnership
from tests.device.estimates import certain

A, B, C = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
STARTED = 1000.0
entries = st.lists(
    st.builds(Entry, st.integers(1, 9), st.sampled_from("abc")), max_size=8, unique_by=lambda e: e.id
)


def at(*queue: Entry, version: int = 5) -> Snapshot:
    return Snapshot("play", queue, version=version)


def owning(*own: Entry) -> QueueOwnership:
    return QueueOwnership(own, started=STARTED, version=5)


def test_own_entries_are_recognized_by_id_and_uri() -> None:
    assert owning(A, C).among(at(A, B, C)).entries == (A, C)


def test_an_entry_that_another_client_removed_is_forgotten() -> None:
    assert owning(A, B).among(at(A)).entries == (A,)


def test_after_a_restart_of_mpd_own_entries_are_recognized_by_uri() -> None:
    queue = (Entry(7, "x.ogg"), Entry(8, "a.ogg"), Entry(9, "b.ogg"))
    assert owning(A, B).recovered(at(*queue), STARTED + 60).entries == queue[1:]
    assert owning(A, B).recovered(at(*queue, version=2), STARTED + 1).entries == queue[1:]


def test_the_same_song_queued_by_another_client_is_not_the_boxs() -> None:
    foreign = Entry(4, "a.ogg")
    assert owning(A).among(at(A, foreign)).entries == (A,)
    assert owning(A).among(at(foreign)).entries == ()
    again = owning(A).recovered(at(Entry(7, "a.ogg"), Entry(8, "a.ogg")), STARTED + 60)
    assert again.entries == (Entry(7, "a.ogg"),)


def test_the_same_song_queued_while_the_box_was_stopped_is_not_the_boxs() -> None:
    assert owning(A, B).recovered(at(Entry(7, "a.ogg"), B), STARTED + 0.9).entries == (B,)


def test_requested_songs_that_mpd_did_not_confirm_are_found_among_the_new_entries() -> None:
    foreign = Entry(4, "x.ogg")
    requested = owning(A).with_request(certain(Mood.SAD), ["x.ogg", "y.ogg"], at(A, foreign))
    new = (Entry(5, "x.ogg"), Entry(6, "y.ogg"))
    again = requested.recovered(at(A, foreign, *new, Entry(9, "x.ogg"), version=8), STARTED)
    assert again.entries == (A, *new)
    assert again.estimates == {"x.ogg": certain(Mood.SAD), "y.ogg": certain(Mood.SAD)}
    assert again.asked == ()


def test_another_clients_song_is_not_taken_for_a_request_that_mpd_never_ran() -> None:
    foreign = Entry(4, "x.ogg")
    requested = owning(A).with_request(certain(Mood.SAD), ["x.ogg"], at(A, foreign))
    assert requested.recovered(at(A, foreign), STARTED).entries == (A,)
    assert requested.recovered(at(foreign, version=1), STARTED + 60).entries == ()


def test_the_same_song_queued_during_a_request_is_not_the_boxs() -> None:
    requested = owning(A).with_request(certain(Mood.SAD), ["x.ogg", "y.ogg", "z.ogg"], at(A))
    foreign = Entry(4, "y.ogg")
    new = (Entry(5, "x.ogg"), Entry(6, "y.ogg"), Entry(7, "z.ogg"))
    assert requested.recovered(at(foreign, A, *new, version=8), STARTED).entries == (A, *new)
    assert requested.recovered(at(foreign, A, *new[1:], version=9), STARTED).entries == (A, *new[1:])
    assert requested.recovered(at(foreign, A, version=6), STARTED).entries == (A,)


def test_moods_are_kept_as_long_as_their_songs() -> None:
    requested = owning().with_request(certain(Mood.SAD), ["a.ogg", "b.ogg"], at())
    queued = requested.confirmed([A, B])
    assert queued.estimates == {"a.ogg": certain(Mood.SAD), "b.ogg": certain(Mood.SAD)}
    assert queued.among(at(B)).estimates == {"b.ogg": certain(Mood.SAD)}


def test_a_request_stays_pending_after_a_snapshot() -> None:
    requested = owning(A).with_request(certain(Mood.SAD), ["b.ogg"], at(A))
    assert requested.among(at(version=6)).asked == ("b.ogg",)
    assert requested.among(at(version=6)).estimates == {"b.ogg": certain(Mood.SAD)}


@given(entries, entries)
def test_the_box_never_owns_more_than_before(own: list[Entry], queue: list[Entry]) -> None:
    now = at(*queue)
    assert set(owning(*own).among(now).entries) == set(own) & set(queue)
    for started in (STARTED, STARTED + 60):
        kept = owning(*own).recovered(now, started).entries
        assert set(kept) <= set(queue)
        for uri in "abc":
            assert [e.uri for e in kept].count(uri) <= [e.uri for e in own].count(uri)
