"""Which moods a method takes for which others, and which ones people do."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converter.comparison.report import Row
from converter.data.dataset import Split
from converter.data.ferplus import majority
from device.mood import Mood

MOST = 5  # pairs of a table
# The pair that the paper says is confused.
OF_THE_PAPER = frozenset((Mood.FEAR, Mood.SURPRISE))

Matrix = NDArray[np.float64]  # a row for each true mood, a column for each answer; any weights


@dataclass(frozen=True)
class Pair:
    """Two moods that are mixed up.

    Attributes:
        moods: the two; the first is taken for the second more often than the other way round.
        there: share of the faces of the first that are answered with the second.
        back: share of those of the second that are answered with the first.
    """

    moods: tuple[str, str]
    there: float
    back: float

    @property
    def mixed(self) -> float:
        """How much they are mixed up: the mean of both shares."""
        return (self.there + self.back) / 2

    def __str__(self) -> str:
        """Return both shares in words."""
        first, second = self.moods
        return f"{first} as {second} {100 * self.there:.0f} %, {second} as {first} {100 * self.back:.0f} %"


def pairs(matrix: Matrix, moods: Sequence[str]) -> list[Pair]:
    """Return all pairs of moods of a confusion matrix, the most mixed up first."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    found = [
        Pair((moods[first], moods[second]), share[first, second], share[second, first])
        for first, second in itertools.permutations(range(len(moods)), 2)
        if (share[first, second], second) > (share[second, first], first)  # each pair once
    ]
    return sorted(found, key=lambda pair: -pair.mixed)


def of_people(split: Split) -> dict[str, Matrix]:
    """Return what FER+'s ten people say of the faces of a split, in two ways; only votes for its moods count.

    Returns:
        `people, by label`: how they vote by FER2013's label. `people, by majority`: how each votes by what
        most of the other nine say, where that is one of the moods.
    """
    assert split.vote_counts is not None
    columns = [list(Mood).index(mood) for mood in split.moods]
    by_label, by_majority = (np.zeros((len(columns), len(columns))) for _ in range(2))
    np.add.at(by_label, split.labels, split.vote_counts[:, columns])
    for answer, column in enumerate(columns):
        others = split.vote_counts.copy()
        votes = others[:, column].copy()
        others[votes > 0, column] -= 1
        faces, truth = majority(others, split.moods)
        np.add.at(by_majority[:, answer], truth[faces], votes[faces])
    return {"people, by label": by_label, "people, by majority": by_majority}


def table(rows: Sequence[Row], split: Split) -> str:
    """Format the most mixed up pairs of each method, and of people, as Markdown.

    Args:
        rows: several seeds of one count together.
        split: with the votes of people.
    """
    found = {
        f"`{row.name}`": pairs(np.sum([each.confusion for each in row.scores], axis=0), row.scores[0].moods)
        for row in rows
    } | {name: pairs(matrix, split.moods) for name, matrix in of_people(split).items()}
    head = ["who", "fear and surprise", *(f"{number}." for number in range(1, MOST + 1))]
    lines = [
        head,
        ["---"] * len(head),
        *([name, *_cells(each)] for name, each in found.items()),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(found: Sequence[Pair]) -> list[str]:
    of_the_paper = next(
        (
            f"{pair}; no. {place} of {len(found)}"
            for place, pair in enumerate(found, 1)
            if set(pair.moods) == OF_THE_PAPER
        ),
        "-",
    )
    return [of_the_paper, *map(str, found[:MOST])]
