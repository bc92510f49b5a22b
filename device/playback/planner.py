"""The box's planner: what it remembers, and how far it has come on the trajectory, put into a song plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from time import monotonic
from typing import NamedTuple

import msgspec
import numpy as np

from device.config import settings
from device.library.spoken_word import why_no_songs
from device.library.table import SongTable
from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Entry
from device.playback.guarded_memory import GuardedMemory
from device.playback.memory import Memory
from device.recommend.play_statistics import NO_STATISTICS
from device.recommend.ranking import RankedSong
from device.recommend.song_plan import HISTORY_LENGTH, ListeningContext, SongPlan, plan_songs

MAX_ATTEMPTS = (
    10  # requests in a row of which MPD takes no song, until the next press or change of the library
)
MAX_CHOSEN = 50
TRY_AGAIN_S = 600.0  # after which songs that MPD had refused are chosen again


class Choice(NamedTuple):
    """A song that was chosen, and whether it is from the mood's stored playlist."""

    song: RankedSong
    from_playlist: bool


class Planner:
    """Plans songs one handful after another.

    Attributes:
        likes: Likes (True) and dislikes (False) of other MPD clients, by URI.
        chosen: The last `MAX_CHOSEN` songs that were chosen, by URI.
    """

    def __init__(self, music: settings.Music, memory: GuardedMemory, rng: np.random.Generator) -> None:
        self._music = music
        self._memory = memory
        self._rng = rng
        self._step = 0  # of the trajectory
        self._refused: frozenset[str] = frozenset()
        self._refused_at = 0.0  # monotonic seconds
        self._attempts = 0  # in a row in which MPD has taken no song
        self.likes: Mapping[str, bool] = {}
        self.chosen: Mapping[str, Choice] = {}

    @property
    def history(self) -> Sequence[str]:
        """URIs of the last songs that began, the latest last."""
        return self._memory.played(HISTORY_LENGTH)

    @property
    def refused(self) -> frozenset[str]:
        """URIs of the songs that MPD has refused lately, which are set aside."""
        return frozenset() if self._is_time_to_try_again else self._refused

    @property
    def _is_time_to_try_again(self) -> bool:
        return monotonic() > self._refused_at + TRY_AGAIN_S

    @property
    def least_coming(self) -> int:
        """How many of its songs have to be still to come; if there are fewer, it is time for the next."""
        return (self._music.handful + 1) // 2

    @property
    def style(self) -> settings.Style:
        """Where the music leads."""
        return self._music.style

    def change_style(self, style: settings.Style) -> None:
        """Lead by this style from the next plan on, which is at the first step of its trajectory."""
        self._music = msgspec.structs.replace(self._music, style=style)
        self.restart()

    def restart(self) -> None:
        """Go back to the first step of the trajectory."""
        self._step = self._attempts = 0

    def set_aside(self, refused: AbstractSet[str], *, others_taken: bool) -> bool:
        """Choose songs no more that MPD refuses: it does not have them, though a playlist names them.

        Args:
            refused: Their URIs.
            others_taken: Whether MPD has taken other songs of the same request.

        Returns:
            Whether there is reason to ask for others at once.
        """
        if refused:
            self._refused, self._refused_at = self._refused | refused, monotonic()
        self._step = max(0, self._step - len(refused))
        self._attempts = 0 if others_taken else self._attempts + 1
        return bool(refused) and self._attempts < MAX_ATTEMPTS

    def try_all_again(self) -> None:
        """Choose songs again that MPD had refused: its library or its playlists have changed."""
        self._refused, self._attempts = frozenset(), 0

    def why_none(self, known: int) -> str:
        """Return why no song is left to choose, of so many that are known."""
        if not (self._refused and known):
            return why_no_songs(known, self._music)
        return f"MPD takes none of the songs, {len(self._refused)} were tried: are their files still there?"

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
        if self._is_time_to_try_again:
            self.try_all_again()
        context = ListeningContext(
            estimate,
            library,
            playlist,
            likes=self.likes,
            own_affects=recall(Memory.own_affects) or {},
            excluded=(recall(Memory.excluded) or frozenset()) | self._refused,
            history=self.history,
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
        chosen = {**self.chosen, **{song.uri: Choice(song, plan.from_playlist) for song in plan.songs}}
        self.chosen = dict(list(chosen.items())[-MAX_CHOSEN:])
        return plan
