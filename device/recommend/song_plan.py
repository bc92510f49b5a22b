"""Plan the next songs for a mood: the one place where the box and `moodbox songs` decide what plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np

from device.config.settings import Music
from device.library.table import SongTable
from device.library.tag_affect import Affect
from device.mood_estimate import MoodEstimate
from device.recommend.play_statistics import NO_STATISTICS, PlayStatistics, with_likes
from device.recommend.ranking import RankedSong, RankingRequest, rank_songs
from device.recommend.trajectory import Trajectory, trajectory_for

HISTORY_LENGTH = 500  # songs; one that was played longer ago counts as never played


@dataclass(frozen=True)
class ListeningContext:
    """What is known when songs are planned.

    Attributes:
        library: All songs of MPD's library. Those that are left out are chosen only if the playlist names
            them, or the user has said something of them.
        estimate: What is known of the listener's mood.
        playlist: URIs of the mood's stored playlist, streams included; if it has any, only they are played.
        likes: Likes (True) and dislikes (False) of other MPD clients, by URI.
        own_affects: Where the user has said that songs belong, by URI.
        excluded: URIs of songs that are never chosen, not even from the playlist.
        history: URIs of the last `HISTORY_LENGTH` songs that began, the latest last.
        play_statistics: What was learned in these moods.
    """

    estimate: MoodEstimate
    library: SongTable
    playlist: Sequence[str] = ()
    likes: Mapping[str, bool] = field(default_factory=dict)
    own_affects: Mapping[str, Affect] = field(default_factory=dict)
    excluded: AbstractSet[str] = frozenset()
    history: Sequence[str] = ()
    play_statistics: PlayStatistics = NO_STATISTICS

    @property
    def allowed_playlist(self) -> Sequence[str]:
        """The playlist without excluded songs; if none is left, the library takes its place."""
        return [uri for uri in self.playlist if uri not in self.excluded]


@dataclass(frozen=True)
class SongPlan:
    """The next songs, in order, and the songs that they were chosen from.

    from_playlist: These are those of the mood's stored playlist, and else of the library.
    """

    table: SongTable
    trajectory: Trajectory
    songs: tuple[RankedSong, ...]
    from_playlist: bool

    @property
    def uris(self) -> tuple[str, ...]:
        """The songs' URIs, in order."""
        return tuple(song.uri for song in self.songs)

    def counts(self, estimate: MoodEstimate) -> tuple[int, int, str, MoodEstimate, str]:
        """Return how many songs were chosen, of how many, from what, and for what.

        They are separate, so that moods can be kept out of the log.
        """
        source = f"the playlist {estimate.playlist_mood}" if self.from_playlist else "the library"
        chosen, known = len(self.songs), len(self.table)
        return chosen, known, source, estimate, estimate.chosen_by


def plan_songs(
    music: Music,
    context: ListeningContext,
    count: int,
    rng: np.random.Generator,
    *,
    step: int = 0,
    current: str | None = None,
    upcoming: Sequence[str] = (),
) -> SongPlan:
    """Choose at most `count` songs; fewer if no more fit.

    Args:
        music: The settings: trajectories, style, and how soon a song may be repeated.
        context: What is known.
        count: How many songs are wanted.
        rng: Decides among equals, and what is explored.
        step: The trajectory's step for the first of the songs.
        current: URI of the song that plays, and goes on playing before them.
        upcoming: URIs of the songs that are queued after it already, in order.
    """
    playlist = context.allowed_playlist
    if playlist:
        table = context.library.only(playlist)
    else:
        table = context.library.to_choose_from(let_in=context.own_affects, excluded=context.excluded)
    table = table.with_own_affects(context.own_affects)
    request = RankingRequest(
        trajectory_for(context.estimate, music),
        count,
        step=step,
        history=(*context.history, *upcoming),
        queued=frozenset([*upcoming, *([current] if current else [])]),
        no_repeat=music.no_repeat,
        play_statistics=with_likes(context.play_statistics, context.likes),
        caution=context.estimate.uncertainty,
    )
    known = context.library.with_own_affects(context.own_affects)
    songs = rank_songs(table, request, rng, known=known, unlimited_radius=bool(playlist))
    return SongPlan(table, request.trajectory, songs, from_playlist=bool(playlist))
