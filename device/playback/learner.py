"""Learns from how each of the box's songs is received: for the box itself, and for MPD's other clients."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Protocol

from device.library.table import EMPTY_TABLE, SongTable
from device.mpd.snapshot import Entry, Snapshot
from device.playback.guarded_memory import GuardedMemory
from device.playback.ownership import QueueOwnership
from device.playback.play_tracker import PlayInProgress, PlayOutcome, follow, interrupt

log = logging.getLogger(__name__)


class RecordPlay(Protocol):
    """Where plays are reported to."""

    def __call__(self, uri: str, *, completed: bool) -> None:
        """Tell MPD's other clients of a play, or else of a skip."""


class Learner:
    """Follows what plays, and keeps each outcome for the moods for which the song was queued.

    Attributes:
        table: The library, for a song's genre.
    """

    def __init__(self, memory: GuardedMemory, record_play: RecordPlay) -> None:
        self._memory = memory
        self._record_play = record_play
        self._play: PlayInProgress | None = None
        self.table: SongTable = EMPTY_TABLE

    def follow(self, snapshot: Snapshot, ownership: QueueOwnership, *, joined: bool = False) -> None:
        """Follow a new snapshot; joined: the box has just connected, perhaps in the middle of a song."""
        before = self._play
        self._play, outcome = follow(before, snapshot, ownership.entries, monotonic(), joined=joined)
        if before and outcome:
            self._learn(before.entry, outcome, ownership)

    def interrupt(self, ownership: QueueOwnership, *, skipped: bool = False) -> None:
        """The box ends the song itself: for another mood, or (skipped) by its button."""
        before = self._play
        self._play, outcome = interrupt(before, monotonic(), skipped=skipped)
        if before and outcome:
            self._learn(before.entry, outcome, ownership)

    def disconnected(self) -> None:
        """MPD does not answer: what becomes of the song is not known."""
        self._play = None

    def _learn(self, entry: Entry, outcome: PlayOutcome, ownership: QueueOwnership) -> None:
        estimate = ownership.estimates.get(entry.uri)
        if estimate is None:
            return
        row = self.table.rows.get(entry.uri)
        genre = "" if row is None else self.table.song(row).genre
        completed = outcome is PlayOutcome.COMPLETED
        log.info("%s: %s, for %s", outcome, entry.uri, estimate)
        self._record_play(entry.uri, completed=completed)
        self._memory.keep(lambda memory: memory.keep_play(estimate, entry.uri, genre, completed=completed))
