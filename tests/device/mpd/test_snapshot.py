"""What two snapshots of MPD tell about what has happened between them."""

from __future__ import annotations

import pytest

from device.mpd.snapshot import Entry, Snapshot, played_to_end, taken_over, upcoming

A, B, C = Entry(1, "a.ogg"), Entry(2, "b.ogg"), Entry(3, "c.ogg")
FOREIGN, OTHER = Entry(7, "foreign.ogg"), Entry(8, "other.ogg")


def test_upcoming_entries_come_after_the_current_song() -> None:
    assert upcoming([A, C], Snapshot("play", (A, B, C), current=A)) == (C,)
    assert upcoming([A, C], Snapshot("play", (A, B, C), current=C)) == ()


def test_nothing_is_upcoming_after_the_end_of_the_queue() -> None:
    assert upcoming([A], Snapshot("stop", (A,))) == ()


def test_only_a_queue_that_still_exists_was_played_to_its_end() -> None:
    before = Snapshot("play", (A, B), current=B)
    assert played_to_end(before, Snapshot("stop", (A, B)))
    assert not played_to_end(before, Snapshot("stop", ()))  # somebody cleared it
    assert not played_to_end(before, Snapshot("stop", (A, B), current=B))  # somebody stopped it
    assert not played_to_end(Snapshot("stop", (A, B)), Snapshot("stop", (A, B)))


def test_a_queue_whose_last_song_was_consumed_was_played_to_its_end() -> None:
    before = Snapshot("play", (B,), current=B, consume=True)
    assert played_to_end(before, Snapshot("stop", (), consume=True))


def test_in_single_mode_a_stop_is_not_the_end_of_the_queue() -> None:
    before = Snapshot("play", (A, B), current=B, single=True)
    assert not played_to_end(before, Snapshot("stop", (A, B), single=True))
    assert not played_to_end(before, Snapshot("stop", (A, B)))  # `oneshot` is over then
    before = Snapshot("play", (A, B), current=B)
    assert not played_to_end(before, Snapshot("stop", (A, B), single=True))  # set during the last song


OURS = Snapshot("play", (A, B, FOREIGN), current=A, next=B)
LAST = Snapshot("play", (A, B, FOREIGN), current=B, next=FOREIGN)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (OURS, Snapshot("stop", ())),
        (OURS, Snapshot("stop", (FOREIGN, OTHER))),
        (OURS, Snapshot("play", (FOREIGN, OTHER), current=FOREIGN)),
        (OURS, Snapshot("play", (A, B, FOREIGN), current=FOREIGN)),
        (Snapshot("pause", (A, B, FOREIGN), current=A, next=B), Snapshot("play", (A, B, FOREIGN), FOREIGN)),
        (Snapshot("stop", (A, B, FOREIGN)), Snapshot("play", (A, B, FOREIGN), FOREIGN)),
        (Snapshot("stop", (A, B, FOREIGN), current=FOREIGN), Snapshot("play", (A, B, FOREIGN), FOREIGN)),
    ],
    ids=["cleared", "loaded", "loaded and played", "played", "from a pause", "from a stop", "went on"],
)
def test_clearing_loading_or_playing_another_song_takes_over(before: Snapshot, now: Snapshot) -> None:
    assert taken_over(before, now, (A, B))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (OURS, LAST),
        (LAST, Snapshot("play", LAST.queue, current=FOREIGN)),
        (OURS, Snapshot("play", (OTHER, *OURS.queue), current=A)),
        (OURS, Snapshot("play", (A, FOREIGN), current=A)),
        (OURS, Snapshot("pause", OURS.queue, current=A)),
        (OURS, Snapshot("stop", OURS.queue, current=A)),
        (OURS, Snapshot("play", (B, A, FOREIGN), current=A, next=FOREIGN)),
        (Snapshot("play", (A,), current=A, consume=True), Snapshot("stop", (), consume=True)),
        (Snapshot("pause", LAST.queue, current=FOREIGN), Snapshot("play", LAST.queue, current=FOREIGN)),
        (OURS, Snapshot("play", OURS.queue, current=FOREIGN, error="Failed to decode b.ogg")),
    ],
    ids=[
        *(
            "next",
            "reached a foreign song",
            "added",
            "removed",
            "paused",
            "stopped",
            "moved",
            "consumed",
            "resumed",
        ),
        "broken",
    ],
)
def test_adding_moving_or_stopping_does_not_take_over(before: Snapshot, now: Snapshot) -> None:
    assert not taken_over(before, now, (A, B))


def test_in_random_order_an_edit_may_have_changed_the_next_song() -> None:
    before = Snapshot("play", (A, B, FOREIGN), current=A, next=B, random=True)
    changed = Snapshot("play", (A, B, FOREIGN, C), current=FOREIGN, random=True)
    assert not taken_over(before, changed, (A, B))
    assert taken_over(before, Snapshot("play", before.queue, current=FOREIGN, random=True), (A, B))
    assert taken_over(before, Snapshot("play", (A, B, OTHER), current=OTHER, random=True), (A, B))


def test_the_output_has_failed_when_mpd_pauses_with_a_new_error() -> None:
    plays = Snapshot("play", (A, B), current=A)
    failed = Snapshot("pause", (A, B), current=A, error="Failed to open ALSA device")
    assert failed.output_failed_since(plays)
    assert failed.output_failed_since(Snapshot("stop", (A, B)))
    assert not Snapshot("pause", (A, B), current=A).output_failed_since(plays)  # somebody has paused it
    assert not failed.output_failed_since(Snapshot("pause", (A, B), current=A))  # it was paused already


def test_a_pause_after_an_older_error_is_no_failed_output() -> None:
    broken = "Failed to decode b.ogg"
    before = Snapshot("play", (A, B), current=A, error=broken)
    assert not Snapshot("pause", (A, B), current=A, error=broken).output_failed_since(before)
