"""Rank the songs that come next, and keep the reason for each.

A song's score is the probability that it is played through, lowered while the song or its artist cools down,
with a little noise that shuffles songs that are as good. All songs are scored at once as arrays: choosing
twelve among tens of thousands takes a few dozen operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.table import SongTable
from device.library.tag_affect import Affect
from device.printable import percent
from device.recommend.play_statistics import NO_STATISTICS, PlayStatistics
from device.recommend.preference import completion_probability, learned_preference
from device.recommend.trajectory import Point, Trajectory

# Distances in the plane of valence and energy, each from 0 to 1:
FIT_SPREAD = 0.15  # standard deviation of the fit around the trajectory
AFFECT_UNCERTAINTY = 0.3  # standard deviation of a song's affect where its confidence is 0
SEARCH_RADIUS = 0.35  # songs farther from the trajectory are chosen only where there are no others
MIN_CANDIDATES = 6  # the search radius grows until it holds so many songs

MIN_PRIOR, MAX_PRIOR = 0.2, 0.9  # completion probability with nothing learned, at a fit of 0 and of 1
LOW_VALENCE = 0.4  # songs with less valence count as sad
MAX_LOW_VALENCE_RUN = 3  # sad songs in a row
SONG_COOLDOWN, ARTIST_COOLDOWN = 150.0, 6.0  # time constants of the cool-downs, in songs
SONG_PENALTY, ARTIST_PENALTY = 0.5, 0.6  # share of the score that is lost right after the song, the artist
SCORE_NOISE = 0.05  # at most
NEVER_PLAYED = 1e6  # songs ago


@dataclass(frozen=True)
class RankingRequest:
    """What songs are chosen for.

    Attributes:
        trajectory: Where in the plane the songs should lie.
        count: How many songs are wanted.
        step: The trajectory's step for the first of them, from 0.
        history: URIs of the songs that play before them, the latest last.
        queued: URIs that are in the queue already, and not chosen again.
        no_repeat: No song of the last so many is chosen while others fit.
        play_statistics: What was learned in these moods.
        caution: From 0 to 1, how little is known of the mood. With caution, songs are preferred that are
            known to be liked, and that were not played for long.
    """

    trajectory: Trajectory
    count: int
    step: int = 0
    history: Sequence[str] = ()
    queued: AbstractSet[str] = frozenset()
    no_repeat: int = 30
    play_statistics: PlayStatistics = NO_STATISTICS
    caution: float = 0.0


class RankedSong(NamedTuple):
    """A song that was chosen, and why. All shares are from 0 to 1.

    Attributes:
        target: Where in the plane the song should lie.
        fit: How well it lies there.
        completion_probability: How likely it is played through, by its fit and by what was learned.
        song_cooldown: How far it has recovered since it was last played; 1 is fully.
        artist_cooldown: The same of its artist.
        score: The product of the last three, plus noise.
        repeated: It was played within the last `no_repeat` songs, and comes since no other song fits.
        genre_completed: How often songs of its genre were played through in this mood; others count in part.
        genre_plays: How often they were played at all.
    """

    uri: str
    artist: str
    genre: str
    affect: Affect
    target: Point
    fit: float
    completion_probability: float
    song_cooldown: float
    artist_cooldown: float
    score: float
    repeated: bool
    genre_completed: float = 0.0
    genre_plays: float = 0.0

    def why(self) -> str:
        """Explain the choice in one line."""
        affect, target = self.affect, self.target
        reasons = [
            f"{affect.source} {self.genre}".rstrip()
            + f" at {affect.valence:.2f}/{affect.energy:.2f} for {target.valence:.2f}/{target.energy:.2f}",
            f"fits {percent(self.fit)}",
            f"likely played through {percent(self.completion_probability)}",
        ]
        if self.song_cooldown < 0.995:
            reasons.append(f"song cooled down {percent(self.song_cooldown)}")
        if self.artist_cooldown < 0.995:
            reasons.append(f"artist cooled down {percent(self.artist_cooldown)}")
        if self.repeated:
            reasons.append("repeated early because no other song fits")
        return ", ".join(reasons)


def rank_songs(
    table: SongTable,
    request: RankingRequest,
    rng: np.random.Generator,
    *,
    known: SongTable | None = None,
    unlimited_radius: bool = False,
) -> tuple[RankedSong, ...]:
    """Choose different songs in the order in which they are to play.

    Args:
        table: The songs to choose from.
        request: What they are chosen for.
        rng: Decides among equals, and what is explored.
        known: All songs of which something is known; without it those of the table. A song that may no longer
            be chosen was heard all the same: it counts among the sad songs in a row.
        unlimited_radius: All songs of the table are candidates, since the user has picked them.

    Returns:
        At most `request.count` songs: fewer if no more fit, but at least one if any is not queued already.
    """
    free = np.ones(len(table), np.bool_)
    free[[row for uri in request.queued if (row := table.rows.get(uri)) is not None]] = False
    ages = _song_ages(table, request.history)
    artist_ages = _artist_ages(table, request.history)
    low_valence = table.affects[:, 0] < LOW_VALENCE
    firmness = 1 + request.caution  # of the cool-downs
    song_cooldown = (1 - SONG_PENALTY * np.exp(-ages / SONG_COOLDOWN)) ** firmness
    preference = learned_preference(request.play_statistics, table)
    run = _low_valence_run(table if known is None else known, request.history)
    chosen: list[RankedSong] = []
    search: tuple[Point, NDArray[np.float32], NDArray[np.bool_]] | None = None
    for step in range(request.step, request.step + request.count):
        target = request.trajectory.at(step)
        if search is None or search[0] != target:
            search = (target, *_fit_and_candidates(table, target))
        _, fit, near = search
        # People judge the box by the first song after a press, so nothing is explored there.
        prior = MIN_PRIOR + (MAX_PRIOR - MIN_PRIOR) * fit
        completion = completion_probability(preference, prior, rng if step else None, request.caution)
        rested = 1 - ARTIST_PENALTY * np.exp(-artist_ages / ARTIST_COOLDOWN)
        artist_cooldown = (rested**firmness)[table.artist]
        noise = SCORE_NOISE * rng.random(len(table), np.float32)
        score = completion * song_cooldown * artist_cooldown + noise
        too_sad = run >= MAX_LOW_VALENCE_RUN and (free & ~low_valence).any()
        allowed = free & ~low_valence if too_sad else free
        candidates = allowed if unlimited_radius else allowed & near
        row = _best_row(score, ages, allowed, candidates, request.no_repeat, first=not chosen)
        if row is None:
            break
        chosen.append(
            RankedSong(
                *table.song(row),
                target,
                float(fit[row]),
                float(completion[row]),
                float(song_cooldown[row]),
                float(artist_cooldown[row]),
                float(score[row]),
                bool(ages[row] < request.no_repeat),
                float(preference.by_genre.completed[row]),
                float(preference.by_genre.plays[row]),
            )
        )
        run = run + 1 if low_valence[row] else 0
        free[row] = False
        ages += 1
        artist_ages += 1
        if table.artist[row]:
            artist_ages[table.artist[row]] = 0
    return tuple(chosen)


def _best_row(
    score: NDArray[np.float32],
    ages: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    candidates: NDArray[np.bool_],
    no_repeat: int,
    *,
    first: bool,
) -> int | None:
    """The best candidate that is not a repeat; else the one played longest ago; else, if first, any song."""
    fresh = candidates & (ages >= no_repeat)
    if fresh.any():
        return int(np.argmax(np.where(fresh, score, -1)))
    if candidates.any():
        return int(np.argmax(np.where(candidates, ages, -1)))
    if first and allowed.any():
        return int(np.argmax(np.where(allowed, score, -1)))
    return None


def _fit_and_candidates(table: SongTable, target: Point) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How well each song is expected to fit, and which songs lie within the search radius.

    The fit is a Gaussian kernel around the target. A song's affect is uncertain, a two-dimensional Gaussian,
    so its expected fit is the convolution of the two: lower and wider than the kernel (P. A. Bromiley,
    "Products and convolutions of Gaussian probability density functions", Tina Memo 2003-003).
    """
    offsets = table.affects - np.array(target, np.float32)
    squared = np.einsum("ij,ij->i", offsets, offsets)
    variance = FIT_SPREAD**2 + (AFFECT_UNCERTAINTY * (1 - table.confidence)) ** 2
    fit = FIT_SPREAD**2 / variance * np.exp(-squared / (2 * variance))
    limit = SEARCH_RADIUS**2
    if len(table) and np.count_nonzero(squared <= limit) < MIN_CANDIDATES:
        last = min(MIN_CANDIDATES, len(table)) - 1
        limit = max(limit, float(np.partition(squared, last)[last]))
    return fit, squared <= limit


def _song_ages(table: SongTable, history: Sequence[str]) -> NDArray[np.float32]:
    """How many songs ago each song was played, 0 for the last one."""
    ages = np.full(len(table), NEVER_PLAYED, np.float32)
    for age, uri in reversed(list(enumerate(reversed(history)))):
        if (row := table.rows.get(uri)) is not None:
            ages[row] = age
    return ages


def _artist_ages(table: SongTable, history: Sequence[str]) -> NDArray[np.float32]:
    """How many songs ago each artist was played, 0 for the last one."""
    ages = np.full(len(table.artists), NEVER_PLAYED, np.float32)
    for age, uri in reversed(list(enumerate(reversed(history)))):
        row = table.rows.get(uri)
        if row is not None and table.artist[row]:
            ages[table.artist[row]] = age
    return ages


def _low_valence_run(table: SongTable, history: Sequence[str]) -> int:
    """How many sad songs were played last, without another between."""
    count = 0
    for uri in reversed(history):
        row = table.rows.get(uri)
        if row is None or table.affects[row, 0] >= LOW_VALENCE:
            break
        count += 1
    return count
