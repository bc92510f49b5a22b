"""What was learned: how often songs and genres were played through or skipped in a mood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class PlayCount(NamedTuple):
    """How often a song, or the songs of a genre, were played through and skipped.

    A play while the mood was not certain counts in part for each mood.
    """

    completed: float
    skipped: float


@dataclass(frozen=True)
class PlayStatistics:
    """Play counts in one mood, by genre and by URI, and their sums over all other moods.

    For several moods, each counts by its probability in the one and by the rest of it in the other.
    """

    genres: Mapping[str, PlayCount] = field(default_factory=dict)
    songs: Mapping[str, PlayCount] = field(default_factory=dict)
    genres_elsewhere: Mapping[str, PlayCount] = field(default_factory=dict)
    songs_elsewhere: Mapping[str, PlayCount] = field(default_factory=dict)


LIKE_WEIGHT = 5  # how many plays through, or skips, a like or a dislike in another MPD client counts as


def with_likes(play_statistics: PlayStatistics, likes: Mapping[str, bool]) -> PlayStatistics:
    """Add the likes (True) and dislikes (False) of other MPD clients, by URI."""
    songs = dict(play_statistics.songs)
    for uri, liked in likes.items():
        completed, skipped = songs.get(uri, (0, 0))
        songs[uri] = (
            PlayCount(completed + LIKE_WEIGHT, skipped)
            if liked
            else PlayCount(completed, skipped + LIKE_WEIGHT)
        )
    return replace(play_statistics, songs=songs)


NO_STATISTICS = PlayStatistics()
