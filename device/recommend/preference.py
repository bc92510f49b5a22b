"""How likely each song is played through, by its fit and by what was learned: Thompson sampling.

Every genre, and every song that was ever played, has a posterior for its completion probability. A genre's
prior mean is the song's fit, a song's prior mean is that of its genre; a prior weighs as much as so many
plays. Songs are ranked by a draw from the posterior, so that what was rarely played is tried now and then.

Sources: W. R. Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 25
(1933); for draws with a smaller spread ("posterior reshaping"), O. Chapelle and L. Li, "An empirical
evaluation of Thompson sampling", NIPS 2011.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.table import SongTable
from device.recommend.play_statistics import PlayCount, PlayStatistics

GENRE_PRIOR_WEIGHT = 6.0  # plays that the fit counts as where a genre is judged
SONG_PRIOR_WEIGHT = 3.0  # plays that the genre's probability counts as where a song is judged
EXPLORATION = (
    0.5  # of the posterior's spread that a draw has: over a few hundred plays, less than 1 brings more
)
OTHER_MOODS_WEIGHT = 0.4  # what a play in another mood counts beside one in this mood

Probabilities = NDArray[np.float32]


class Counts(NamedTuple):
    """Two arrays, one value for each song: plays through, and plays in all; other moods count in part."""

    completed: NDArray[np.float32]
    plays: NDArray[np.float32]


NO_PLAYS = Counts(np.zeros(1, np.float32), np.zeros(1, np.float32))


@dataclass(frozen=True, eq=False)
class LearnedPreference:
    """Play statistics as arrays over a song table.

    Attributes:
        genre: The genre number of each song, int32.
        genre_count: How many genres there are.
        by_genre: For each song, the counts of its genre.
        rows: The rows of the songs that were ever played, int64.
        by_song: For each of `rows`, the counts of the song itself.
    """

    genre: NDArray[np.int32]
    genre_count: int
    by_genre: Counts
    rows: NDArray[np.int64]
    by_song: Counts


def learned_preference(play_statistics: PlayStatistics, table: SongTable) -> LearnedPreference:
    """Arrange the statistics by the rows of the table; songs and genres that it lacks are left out."""
    uris = play_statistics.songs.keys() | play_statistics.songs_elsewhere.keys()
    played = sorted((row, uri) for uri in uris if (row := table.rows.get(uri)) is not None)
    genres = _counts(table.genres, play_statistics.genres, play_statistics.genres_elsewhere)
    return LearnedPreference(
        genre=table.genre,
        genre_count=len(table.genres),
        by_genre=Counts(*(column[table.genre] for column in genres)),
        rows=np.array([row for row, _ in played], np.int64),
        by_song=_counts([uri for _, uri in played], play_statistics.songs, play_statistics.songs_elsewhere),
    )


def _counts(
    names: Sequence[str], here: Mapping[str, PlayCount], elsewhere: Mapping[str, PlayCount]
) -> Counts:
    nothing = PlayCount(0, 0)
    both = [(here.get(name, nothing), elsewhere.get(name, nothing)) for name in names]
    completed = np.array([a.completed + OTHER_MOODS_WEIGHT * b.completed for a, b in both], np.float32)
    skipped = np.array([a.skipped + OTHER_MOODS_WEIGHT * b.skipped for a, b in both], np.float32)
    return Counts(completed, completed + skipped)


def completion_probability(
    preference: LearnedPreference,
    prior: Probabilities,
    rng: np.random.Generator | None,
    caution: float = 0.0,
) -> Probabilities:
    """Draw the probability that each song is played through; float32, one value for each row of the table.

    Args:
        preference: What was learned.
        prior: The same probability by the fit alone.
        rng: Where the draws come from; None gives the posterior mean, which explores nothing.
        caution: From 0, draws from the posterior, to 1, its lower confidence bound: songs of which little is
            known lose most.
    """
    draws = (1 - caution) * _standard_normal(rng, preference.genre_count)
    draws[:1] = 0  # number 0 is "no known genre", and such songs have nothing in common
    probability = _draw(GENRE_PRIOR_WEIGHT, prior, preference.by_genre, draws[preference.genre])
    rows, by_song = preference.rows, preference.by_song
    known = probability[rows]
    if caution:
        probability = _draw(SONG_PRIOR_WEIGHT, probability, NO_PLAYS, np.float32(-caution))
    if len(rows):
        song_draws = (1 - caution) * _standard_normal(rng, len(rows)) - caution
        probability[rows] = _draw(SONG_PRIOR_WEIGHT, known, by_song, song_draws)
    return probability


def _draw(
    prior_weight: float, prior: Probabilities, counts: Counts, draws: Probabilities | np.float32
) -> Probabilities:
    """Draw from the normal distribution with the mean and variance of the Beta posterior.

    A Beta draw of its own would be needed for each prior; this way all songs of a genre share one draw.
    """
    weight = prior_weight + counts.plays
    mean = (prior_weight * prior + counts.completed) / weight
    spread = np.sqrt(mean * (1 - mean) / (weight + 1))
    drawn: Probabilities = np.clip(mean + EXPLORATION * draws * spread, 0, 1).astype(np.float32)
    return drawn


def _standard_normal(rng: np.random.Generator | None, count: int) -> NDArray[np.float32]:
    return np.zeros(count, np.float32) if rng is None else rng.standard_normal(count, np.float32)
