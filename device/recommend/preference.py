"""How likely a song is heard through, by its fit and by what was learned.

Thompson sampling: each genre, and each song that was ever played in this mood, is given a chance drawn from
what its plays leave open. What was rarely played may turn out better than it looks, and so is tried at times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.table import SongTable
from device.recommend.play_statistics import PlayCount, PlayStatistics

GENRE_WEIGHT = 6.0  # how many plays the fit to the course is worth, when a genre is judged
SONG_WEIGHT = 3.0  # how many plays a genre's chance is worth, when a song is judged
BOLDNESS = 0.5  # of the spread that a draw may have: over a few hundred plays, less trying out brings more
ELSEWHERE = 0.4  # how much a play in another mood counts beside one in this

Shares = NDArray[np.float32]


class Counts(NamedTuple):
    """How often each of some songs, or its genre, was heard, and how often it was played."""

    heard: Shares
    plays: Shares


@dataclass(frozen=True, eq=False)
class LearnedPreference:
    """A taste as arrays.

    genre: the number of each song's genre, of `genres` in all. by_genre: for each song. by_song: for those in
    `rows`.
    """

    genre: NDArray[np.int32]
    genres: int
    by_genre: Counts
    rows: NDArray[np.int64]
    by_song: Counts


def learned(play_statistics: PlayStatistics, table: SongTable) -> LearnedPreference:
    uris = play_statistics.songs.keys() | play_statistics.songs_elsewhere.keys()
    played = sorted((row, uri) for uri in uris if (row := table.rows.get(uri)) is not None)
    genres = _counts(table.genres, play_statistics.genres, play_statistics.genres_elsewhere)
    return LearnedPreference(
        genre=table.genre,
        genres=len(table.genres),
        by_genre=Counts(*(column[table.genre] for column in genres)),
        rows=np.array([row for row, _ in played], np.int64),
        by_song=_counts([uri for _, uri in played], play_statistics.songs, play_statistics.songs_elsewhere),
    )


def _counts(
    names: Sequence[str], here: Mapping[str, PlayCount], elsewhere: Mapping[str, PlayCount]
) -> Counts:
    nothing = PlayCount(0, 0)
    both = [(here.get(name, nothing), elsewhere.get(name, nothing)) for name in names]
    heard = np.array([a.heard + ELSEWHERE * b.heard for a, b in both], np.float32)
    skipped = np.array([a.skipped + ELSEWHERE * b.skipped for a, b in both], np.float32)
    return Counts(heard, heard + skipped)


def preference_of(known: LearnedPreference, prior: Shares, chance: np.random.Generator | None) -> Shares:
    """How likely each song is heard through.

    prior: the same by the fit alone. chance: None for the mean of what is known, with nothing tried out.
    """
    draws = _normal(chance, known.genres)
    draws[:1] = 0  # songs of no known genre have nothing in common
    liking = _draw(GENRE_WEIGHT, prior, known.by_genre, draws[known.genre])
    rows = known.rows
    if len(rows):
        liking[rows] = _draw(SONG_WEIGHT, liking[rows], known.by_song, _normal(chance, len(rows)))
    return liking


def _draw(weight: float, prior: Shares, counts: Counts, draws: Shares) -> Shares:
    """A draw from a Beta distribution, or rather from the normal one with its mean and spread.

    So that all songs of a genre can share one draw, whatever their priors are.
    """
    count = weight + counts.plays
    mean = (weight * prior + counts.heard) / count
    spread = np.sqrt(mean * (1 - mean) / (count + 1))
    drawn: Shares = np.clip(mean + BOLDNESS * draws * spread, 0, 1)
    return drawn


def _normal(chance: np.random.Generator | None, count: int) -> Shares:
    return np.zeros(count, np.float32) if chance is None else chance.standard_normal(count, np.float32)
