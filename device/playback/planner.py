"""Which songs come next in a mood: the course, what was learned and played, and chance, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from device.config import settings
from device.library.table import SongTable
from device.mood import Mood
from device.mpd.snapshot import Entry
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.recommend.play_statistics import NO_STATISTICS, with_likes
from device.recommend.ranking import RankingRequest, rank_songs
from device.recommend.trajectory import trajectory_for

REMEMBERED = 500  # songs back: longer ago is as good as never


class Planner:
    """likes: what other clients say is liked or disliked, by URI."""

    def __init__(self, music: settings.Music, memory: GuardedMemory, chance: np.random.Generator) -> None:
        self._music = music
        self._memory = memory
        self._chance = chance
        self._step = 0  # of the course: how many of its songs were queued
        self.likes: Mapping[str, bool] = {}

    def begin(self) -> None:
        """From the course's first step on."""
        self._step = 0

    def songs(
        self,
        mood: Mood,
        table: SongTable,
        count: int,
        *,
        current: Entry | None,
        coming: Sequence[Entry],
        picked: bool,
    ) -> tuple[str, ...]:
        """URIs of so many songs to follow `current` and what is `coming`; less if the shelf has no more.

        picked: the shelf is the user's own pick, in which every song fits.
        """
        recall = self._memory.recall
        queued = [entry.uri for entry in coming]
        request = RankingRequest(
            trajectory_for(mood, self._music),
            count,
            step=self._step,
            before=(*self._memory.played(REMEMBERED), *queued),
            taken=frozenset([*queued, *([current.uri] if current else [])]),
            fresh=self._music.no_repeat,
            play_statistics=with_likes(
                recall(lambda memory: memory.play_statistics(mood)) or NO_STATISTICS, self.likes
            ),
        )
        chosen = rank_songs(
            table.with_own_affects(recall(Memory.own_affects) or {}), request, self._chance, anywhere=picked
        )
        self._step += len(chosen)
        return tuple(choice.uri for choice in chosen)
