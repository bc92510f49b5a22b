"""Learns from how each of the box's songs is received: for the box itself, and for MPD's other clients."""

from __future__ import annotations

import logging
from collections import deque
from time import monotonic
from typing import NamedTuple, Protocol

from device.library.table import EMPTY_TABLE, SongTable
from device.mood_estimate import BY_LOOK, MoodEstimate
from device.mpd.snapshot import Entry, Snapshot
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.playback.ownership import QueueOwnership
from device.playback.play_tracker import PlayInProgress, PlayOutcome, follow, interrupt, skip

log = logging.getLogger(__name__)


MAX_COUNTED = 100  # plays that a correction can take back: some hours of music


class RecordPlay(Protocol):
    """Where plays are reported to."""

    def __call__(self, uri: str, *, completed: bool) -> None:
        """Tell MPD's other clients of a play, or else of a skip."""


class _Play(NamedTuple):
    """A play that was counted."""

    estimate: MoodEstimate
    uri: str
    genre: str
    completed: bool

    def keep(self, memory: Memory) -> None:
        memory.keep_play(self.estimate, self.uri, self.genre, completed=self.completed)

    def take_back(self, memory: Memory) -> None:
        memory.take_back_play(self.estimate, self.uri, self.genre, completed=self.completed)


class Learner:
    """Follows what plays, and keeps what began, and each outcome for the moods for which the song was queued.

    Attributes:
        table: The library, for a song's genre.
    """

    def __init__(self, memory: GuardedMemory, record_play: RecordPlay) -> None:
        self._memory = memory
        self._record_play = record_play
        self._play: PlayInProgress | None = None
        self._title = ""  # of the song that plays, as people know it
        self._counted: deque[_Play] = deque(maxlen=MAX_COUNTED)  # since the music began
        self.table: SongTable = EMPTY_TABLE

    def follow(self, snapshot: Snapshot, ownership: QueueOwnership, *, joined: bool = False) -> None:
        """Follow a new snapshot; joined: the box has just connected, perhaps in the middle of a song."""
        before, title = self._play, self._title
        self._title = snapshot.title
        self._play, outcome = follow(before, snapshot, ownership.entries, monotonic(), joined=joined)
        if self._play and (before is None or before.entry != self._play.entry):
            self._begun(self._play.entry.uri, self._title)
        if before and outcome:
            self._learn(before.entry, title, outcome, ownership)

    def skip(self) -> None:
        """MPD is asked to go on to the next song, because somebody did not want this one."""
        self._play = skip(self._play)

    def interrupt(self, ownership: QueueOwnership) -> None:
        """The box ends the song itself, for another mood."""
        before = self._play
        self._play, outcome = interrupt(before, monotonic())
        if before and outcome:
            self._learn(before.entry, self._title, outcome, ownership)

    def begin(self, instead_of: MoodEstimate | None) -> None:
        """New music begins.

        instead_of: The estimate that was wrong, if somebody has said so. What was learned for it since its
            music began is taken back, if it is by a look.
        """
        if instead_of and instead_of.chosen_by in BY_LOOK:
            for play in self._counted:
                if play.estimate == instead_of:
                    self._memory.keep(play.take_back)
        self._counted.clear()

    def disconnected(self) -> None:
        """MPD does not answer: what becomes of the song is not known."""
        self._play = None

    def _begun(self, uri: str, title: str) -> None:
        if self._memory.played(1) != (uri,):  # else it goes on after a pause, a stop or a restart
            log.info("song: %s", title, extra={"MOODBOX_SONG": uri})
            self._memory.keep(lambda memory: memory.keep_played(uri))

    def _learn(self, entry: Entry, title: str, outcome: PlayOutcome, ownership: QueueOwnership) -> None:
        estimate = ownership.estimates.get(entry.uri)
        if estimate is None:
            return
        row = self.table.rows.get(entry.uri)
        genre = "" if row is None else self.table.song(row).genre
        play = _Play(estimate, entry.uri, genre, outcome is PlayOutcome.COMPLETED)
        log.info("%s: %s, for %s", outcome, title or entry.uri, estimate)
        self._record_play(play.uri, completed=play.completed)
        self._memory.keep(play.keep)
        self._counted.append(play)
