"""Which moods a method takes for which others."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converter.comparison.report import Row

MOST = 5  # pairs of a table


@dataclass(frozen=True)
class Pair:
    """Two moods that are mixed up.

    Attributes:
        moods: the two; the first is taken for the second more often than the other way round.
        there: share of the faces labelled with the first that are answered with the second.
        back: share of those labelled with the second that are answered with the first.
    """

    moods: tuple[str, str]
    there: float
    back: float

    @property
    def mixed(self) -> float:
        """How much they are mixed up: the mean of both shares."""
        return (self.there + self.back) / 2


def pairs(row: Row) -> list[Pair]:
    """Return all pairs of moods of a method, the most mixed up first; several seeds count together."""
    matrix = np.sum([each.confusion for each in row.scores], axis=0, dtype=np.float64)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    moods = row.scores[0].moods
    found = [
        Pair((moods[first], moods[second]), share[first, second], share[second, first])
        for first, second in itertools.permutations(range(len(moods)), 2)
        if (share[first, second], second) > (share[second, first], first)  # each pair once
    ]
    return sorted(found, key=lambda pair: -pair.mixed)


def table(rows: Sequence[Row]) -> str:
    """Format the most mixed up pairs of each method as Markdown."""
    head = ["method", *(f"{number}." for number in range(1, MOST + 1))]
    lines = [
        head,
        ["---"] * len(head),
        *([f"`{row.name}`", *map(_cell, pairs(row)[:MOST])] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(pair: Pair) -> str:
    first, second = pair.moods
    return f"{first} as {second} {pair.there:.0%}, {second} as {first} {pair.back:.0%}"
