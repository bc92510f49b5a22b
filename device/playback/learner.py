"""Learns from how each of the box's songs is received: for the box itself, and for MPD's other clients."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Protocol

from device.library.table import EMPTY_SHELF, Shelf
from device.mpd.snapshot import Entry, Snapshot
from device.playback.guarded_memory import Notebook
from device.playback.ownership import Holding
from device.playback.play_tracker import Listening, Reception, break_off, follow

log = logging.getLogger(__name__)


class Teller(Protocol):
    def __call__(self, uri: str, *, heard: bool) -> None:
        """Tells MPD's other clients of a play, or else of a skip."""


class Learner:
    def __init__(self, notebook: Notebook, tell: Teller) -> None:
        self._notebook = notebook
        self._tell = tell
        self._listening: Listening | None = None
        self.shelf: Shelf = EMPTY_SHELF

    def follow(self, snapshot: Snapshot, holding: Holding, *, joined: bool = False) -> None:
        """joined: the box comes to a song that plays already."""
        before = self._listening
        own = holding.entries
        self._listening, reception = follow(before, snapshot, own, monotonic(), joined=joined)
        if before and reception:
            self._learn(before.entry, reception, holding)

    def break_off(self, holding: Holding, *, skipped: bool = False) -> None:
        """The box ends the song itself: for a change of mood, or since its button says to skip it."""
        before = self._listening
        self._listening, reception = break_off(before, monotonic(), skipped=skipped)
        if before and reception:
            self._learn(before.entry, reception, holding)

    def lose(self) -> None:
        """MPD is away: what becomes of the song that played is not known."""
        self._listening = None

    def _learn(self, entry: Entry, reception: Reception, holding: Holding) -> None:
        """To the credit of the mood in which the song was queued."""
        mood = holding.moods.get(entry.uri)
        if mood is None:
            return
        row = self.shelf.rows.get(entry.uri)
        genre = "" if row is None else self.shelf.song(row).genre
        heard = reception is Reception.HEARD
        log.info("%s: %s, for %s", reception, entry.uri, mood)
        self._tell(entry.uri, heard=heard)
        self._notebook.keep(lambda memory: memory.keep_reception(mood, entry.uri, genre, heard=heard))
