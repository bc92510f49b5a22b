"""Learns from how each of the box's songs is received: for the box itself, and for MPD's other clients."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Protocol

from device.library.table import EMPTY_TABLE, SongTable
from device.mpd.snapshot import Entry, Snapshot
from device.playback.guarded_memory import GuardedMemory
from device.playback.ownership import QueueOwnership
from device.playback.play_tracker import PlayInProgress, PlayOutcome, break_off, follow

log = logging.getLogger(__name__)


class Teller(Protocol):
    def __call__(self, uri: str, *, heard: bool) -> None:
        """Tells MPD's other clients of a play, or else of a skip."""


class Learner:
    def __init__(self, memory: GuardedMemory, tell: Teller) -> None:
        self._memory = memory
        self._tell = tell
        self._listening: PlayInProgress | None = None
        self.table: SongTable = EMPTY_TABLE

    def follow(self, snapshot: Snapshot, ownership: QueueOwnership, *, joined: bool = False) -> None:
        """joined: the box comes to a song that plays already."""
        before = self._listening
        own = ownership.entries
        self._listening, outcome = follow(before, snapshot, own, monotonic(), joined=joined)
        if before and outcome:
            self._learn(before.entry, outcome, ownership)

    def break_off(self, ownership: QueueOwnership, *, skipped: bool = False) -> None:
        """The box ends the song itself: for a change of mood, or since its button says to skip it."""
        before = self._listening
        self._listening, outcome = break_off(before, monotonic(), skipped=skipped)
        if before and outcome:
            self._learn(before.entry, outcome, ownership)

    def lose(self) -> None:
        """MPD is away: what becomes of the song that played is not known."""
        self._listening = None

    def _learn(self, entry: Entry, outcome: PlayOutcome, ownership: QueueOwnership) -> None:
        """To the credit of the mood in which the song was queued."""
        mood = ownership.moods.get(entry.uri)
        if mood is None:
            return
        row = self.table.rows.get(entry.uri)
        genre = "" if row is None else self.table.song(row).genre
        heard = outcome is PlayOutcome.HEARD
        log.info("%s: %s, for %s", outcome, entry.uri, mood)
        self._tell(entry.uri, heard=heard)
        self._memory.keep(lambda memory: memory.keep_play(mood, entry.uri, genre, completed=heard))
