"""What counts for a song once its end is known, and what does not because nobody knows it."""

from __future__ import annotations

import logging
from contextlib import closing

import pytest

from device.health import Health
from device.mood import Mood
from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Entry, Snapshot
from device.playback.guarded_memory import GuardedMemory
from device.playback.learner import Learner
from device.playback.memory import Memory
from device.playback.ownership import QueueOwnership

A, B = Entry(1, "a.ogg"), Entry(2, "b.ogg")
SAD = MoodEstimate.certain(Mood.SAD)


@pytest.mark.parametrize("away", [False, True])
def test_a_skip_counts_and_is_logged_by_the_songs_name_unless_mpd_goes_away_before_it_is_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, away: bool
) -> None:
    caplog.set_level(logging.INFO)
    plays: list[tuple[str, bool]] = []
    ownership = QueueOwnership((A, B), {A.uri: SAD, B.uri: SAD})
    with closing(Memory.in_memory()) as memory:
        learner = Learner(
            GuardedMemory(memory, Health()), lambda uri, *, completed: plays.append((uri, completed))
        )
        monkeypatch.setattr("device.playback.learner.monotonic", lambda: 0.0)
        learner.follow(Snapshot("play", (A, B), A, "Somebody - First", duration=100), ownership)
        monkeypatch.setattr("device.playback.learner.monotonic", lambda: 2.0)
        learner.skip()
        if away:
            learner.disconnected()
        learner.follow(Snapshot("play", (A, B), B, "Somebody - Next", duration=100), ownership, joined=away)
    assert plays == ([] if away else [(A.uri, False)])
    assert ("skipped: Somebody - First, for sad" in caplog.messages) is not away
