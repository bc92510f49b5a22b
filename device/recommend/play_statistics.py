"""What was learned: how often songs and genres were heard through or skipped in a mood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class PlayCount(NamedTuple):
    heard: int
    skipped: int


@dataclass(frozen=True)
class PlayStatistics:
    """In one mood: tallies by genre, and by URI; and those of all other moods together."""

    genres: Mapping[str, PlayCount] = field(default_factory=dict)
    songs: Mapping[str, PlayCount] = field(default_factory=dict)
    genres_elsewhere: Mapping[str, PlayCount] = field(default_factory=dict)
    songs_elsewhere: Mapping[str, PlayCount] = field(default_factory=dict)


LIKED = 5  # plays heard through, or skipped, that somebody's word on a song is worth


def with_likes(play_statistics: PlayStatistics, likes: Mapping[str, bool]) -> PlayStatistics:
    """The same taste, with what somebody likes or dislikes in other programs."""
    songs = dict(play_statistics.songs)
    for uri, liked in likes.items():
        heard, skipped = songs.get(uri, (0, 0))
        songs[uri] = PlayCount(heard + LIKED, skipped) if liked else PlayCount(heard, skipped + LIKED)
    return replace(play_statistics, songs=songs)


NO_STATISTICS = PlayStatistics()
