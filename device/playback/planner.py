"""The box's planner: what it remembers, and how far it has come on the trajectory, put into a song plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from device.config import settings
from device.library.table import SongTable
from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Entry
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.recommend.play_statistics import NO_STATISTICS
from device.recommend.song_plan import HISTORY_LENGTH, ListeningContext, SongPlan, plan_songs


class Planner:
    """Plans songs one handful after another.

    Attributes:
        likes: Likes (True) and dislikes (False) of other MPD clients, by URI.
    """

    def __init__(self, music: settings.Music, memory: GuardedMemory, rng: np.random.Generator) -> None:
        self._music = music
        self._memory = memory
        self._rng = rng
        self._step = 0  # of the trajectory
        self.likes: Mapping[str, bool] = {}

    def restart(self) -> None:
        """Go back to the first step of the trajectory."""
        self._step = 0

    def plan(
        self,
        estimate: MoodEstimate,
        library: SongTable,
        playlist: Sequence[str],
        count: int,
        *,
        current: Entry | None = None,
        upcoming: Sequence[Entry] = (),
    ) -> SongPlan:
        """Plan so many songs after `current` and `upcoming`, and advance by a step for each song found."""
        recall = self._memory.recall
        context = ListeningContext(
            estimate,
            library,
            playlist,
            likes=self.likes,
            own_affects=recall(Memory.own_affects) or {},
            excluded=recall(Memory.excluded) or frozenset(),
            history=self._memory.played(HISTORY_LENGTH),
            play_statistics=recall(lambda memory: memory.play_statistics(estimate)) or NO_STATISTICS,
        )
        plan = plan_songs(
            self._music,
            context,
            count,
            self._rng,
            step=self._step,
            current=current.uri if current else None,
            upcoming=[entry.uri for entry in upcoming],
        )
        self._step += len(plan.songs)
        return plan
