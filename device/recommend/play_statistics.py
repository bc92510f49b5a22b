"""What was learned: how often songs and genres were heard through or skipped in a mood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class Tally(NamedTuple):
    heard: int
    skipped: int


@dataclass(frozen=True)
class Taste:
    """In one mood: tallies by genre, and by URI; and those of all other moods together."""

    genres: Mapping[str, Tally] = field(default_factory=dict)
    songs: Mapping[str, Tally] = field(default_factory=dict)
    genres_elsewhere: Mapping[str, Tally] = field(default_factory=dict)
    songs_elsewhere: Mapping[str, Tally] = field(default_factory=dict)


LIKED = 5  # plays heard through, or skipped, that somebody's word on a song is worth


def with_likes(taste: Taste, likes: Mapping[str, bool]) -> Taste:
    """The same taste, with what somebody likes or dislikes in other programs."""
    songs = dict(taste.songs)
    for uri, liked in likes.items():
        heard, skipped = songs.get(uri, (0, 0))
        songs[uri] = Tally(heard + LIKED, skipped) if liked else Tally(heard, skipped + LIKED)
    return replace(taste, songs=songs)


NO_TASTE = Taste()
