"""Which songs come next, and why: nearness to the course, what was learned, rest, and a bit of chance.

Pure functions over a shelf: a choice of twelve among tens of thousands is a few dozen operations on arrays.
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
from device.recommend.play_statistics import NO_STATISTICS, PlayStatistics
from device.recommend.preference import learned, preference_of
from device.recommend.trajectory import Point, Trajectory

SPREAD = 0.15  # how far off the course a song may lie and still fit well
DOUBT = 0.3  # how far off its place a song may lie of which nothing is known
REACH = 0.35  # songs farther off the course come only where there are no others
LEAST_IN_REACH = 6  # so many songs are within reach, however far they are
UNFIT, FIT = 0.2, 0.9  # how likely a song far off, or right on the course, is heard through
LOW = 0.4  # a valence under which a song is a sad one
MOST_LOW = 3  # sad songs in a row
SONG_REST = 150.0  # songs until one that was played is nearly as good as new
ARTIST_REST = 6.0  # songs until an artist that was played is
SONG_TIRED, ARTIST_TIRED = 0.5, 0.6  # how much is lost right after
CHANCE = 0.05  # between two songs that are as good, it decides


@dataclass(frozen=True)
class RankingRequest:
    """What a choice is for.

    step: of the course, for the first song. before: URIs of the songs that play before it, the latest last.
    taken: songs that are queued already. fresh: no song of the last so many comes again while others fit.
    taste: what was learned in this mood.
    """

    trajectory: Trajectory
    count: int
    step: int = 0
    before: Sequence[str] = ()
    taken: AbstractSet[str] = frozenset()
    fresh: int = 30
    play_statistics: PlayStatistics = NO_STATISTICS


class RankedSong(NamedTuple):
    """A song and why: each share is from 0 to 1, and `score` their product with a bit of chance on top."""

    uri: str
    artist: str
    genre: str
    affect: Affect
    target: Point
    fit: float
    liking: float
    rested: float
    artist_rested: float
    score: float
    again: bool

    def why(self) -> str:
        affect, target = self.affect, self.target
        words = [
            f"{affect.source} {self.genre}".rstrip()
            + f" at {affect.valence:.2f}/{affect.energy:.2f} for {target.valence:.2f}/{target.energy:.2f}",
            f"fits {self.fit:.0%}",
            f"likely heard through {self.liking:.0%}",
        ]
        if self.rested < 0.995:
            words.append(f"rested {self.rested:.0%}")
        if self.artist_rested < 0.995:
            words.append(f"artist rested {self.artist_rested:.0%}")
        if self.again:
            words.append("again so soon, for want of others that fit")
        return ", ".join(words)


def rank_songs(
    table: SongTable, request: RankingRequest, chance: np.random.Generator, *, anywhere: bool = False
) -> tuple[RankedSong, ...]:
    """At most `wish.count` different songs: fewer if no more fit, but one at least if there is any.

    anywhere: all songs are within reach, since the user has picked them.
    """
    free = np.ones(len(table), np.bool_)
    free[[row for uri in request.taken if (row := table.rows.get(uri)) is not None]] = False
    ages = _ages(table, request.before)
    artist_ages = _artist_ages(table, request.before)
    low = table.affects[:, 0] < LOW
    rested = 1 - SONG_TIRED * np.exp(-ages / SONG_REST)
    known = learned(request.play_statistics, table)
    lows = _lows_in_a_row(table, request.before, low)
    chosen: list[RankedSong] = []
    nearness: tuple[Point, NDArray[np.float32], NDArray[np.bool_]] | None = None
    for step in range(request.step, request.step + request.count):
        target = request.trajectory.at(step)
        if nearness is None or nearness[0] != target:
            nearness = (target, *_nearness(table, target))
        _, fit, near = nearness
        # The first song after a look is the one by which a person judges the box: nothing is tried out there.
        liking = preference_of(known, UNFIT + (FIT - UNFIT) * fit, chance if step else None)
        artist_rested = (1 - ARTIST_TIRED * np.exp(-artist_ages / ARTIST_REST))[table.artist]
        score = liking * rested * artist_rested + CHANCE * chance.random(len(table), np.float32)
        allowed = free & ~low if lows >= MOST_LOW and (free & ~low).any() else free
        row = _best(
            score, ages, allowed, allowed if anywhere else allowed & near, request.fresh, first=not chosen
        )
        if row is None:
            break
        chosen.append(
            RankedSong(
                *table.song(row),
                target,
                float(fit[row]),
                float(liking[row]),
                float(rested[row]),
                float(artist_rested[row]),
                float(score[row]),
                bool(ages[row] < request.fresh),
            )
        )
        lows = lows + 1 if low[row] else 0
        free[row] = False
        ages += 1
        artist_ages += 1
        if table.artist[row]:
            artist_ages[table.artist[row]] = 0
    return tuple(chosen)


def _best(
    score: NDArray[np.float32],
    ages: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    near: NDArray[np.bool_],
    fresh: int,
    *,
    first: bool,
) -> int | None:
    """The best of those that fit and are fresh; else the one longest ago of those that fit; else any."""
    rested = ages >= fresh
    if (near & rested).any():
        return int(np.argmax(np.where(near & rested, score, -1)))
    if near.any():
        return int(np.argmax(np.where(near, ages, -1)))
    if first and allowed.any():
        return int(np.argmax(np.where(allowed, score, -1)))
    return None


def _nearness(table: SongTable, target: Point) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How well each song is expected to fit, and which are within reach.

    A place that is doubtful is a cloud: the mean of the fit over it is lower and wider than that of a point.
    """
    off = table.affects - np.array(target, np.float32)
    squared = np.einsum("ij,ij->i", off, off)
    variance = SPREAD**2 + (DOUBT * (1 - table.confidence)) ** 2
    fit = SPREAD**2 / variance * np.exp(-squared / (2 * variance))
    reach = REACH**2
    if len(table) and np.count_nonzero(squared <= reach) < LEAST_IN_REACH:
        least = min(LEAST_IN_REACH, len(table)) - 1
        reach = max(reach, float(np.partition(squared, least)[least]))
    return fit, squared <= reach


def _ages(table: SongTable, before: Sequence[str]) -> NDArray[np.float32]:
    """How many songs ago each was played, 0 for the last; a great many if it was not."""
    ages = np.full(len(table), 1e6, np.float32)
    for age, uri in reversed(list(enumerate(reversed(before)))):
        if (row := table.rows.get(uri)) is not None:
            ages[row] = age
    return ages


def _artist_ages(table: SongTable, before: Sequence[str]) -> NDArray[np.float32]:
    ages = np.full(len(table.artists), 1e6, np.float32)
    for age, uri in reversed(list(enumerate(reversed(before)))):
        row = table.rows.get(uri)
        if row is not None and table.artist[row]:
            ages[table.artist[row]] = age
    return ages


def _lows_in_a_row(table: SongTable, before: Sequence[str], low: NDArray[np.bool_]) -> int:
    count = 0
    for uri in reversed(before):
        row = table.rows.get(uri)
        if row is None or not low[row]:
            break
        count += 1
    return count
