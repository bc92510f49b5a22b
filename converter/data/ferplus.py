"""Reads FER+: the votes of ten people on each row of FER2013 (Barsoum et al. 2016)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.errors import DataError
from device.mood import Mood

COLUMNS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")  # in the order of Mood
NO_FACE = "NF"


@dataclass(frozen=True)
class Votes:
    """The votes on each row of FER2013.

    Attributes:
        counts: int64, (rows, 7), in the order of `Mood`.
        without_face: bool, (rows,): whether more than half of the ten saw no face.
    """

    counts: NDArray[np.int64]
    without_face: NDArray[np.bool_]

    def shares(self, rows: Sequence[int], moods: Sequence[Mood]) -> NDArray[np.float32]:
        """Return the share of each of `moods` in the votes on `rows`.

        Returns:
            float32, (len(rows), len(moods)): each row sums to 1, or is all 0 if nobody voted for one of
            `moods`.
        """
        order = list(Mood)
        counts = self.counts[rows][:, [order.index(mood) for mood in moods]].astype(np.float32)
        counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return counts


def read_votes(path: Path) -> Votes:
    """Read FER+'s fer2013new.csv.

    A single vote for a mood is dropped as noise, as in FER+'s own paper.

    Raises:
        DataError: the file cannot be read, or has other columns.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if not {*COLUMNS, NO_FACE} <= set(table.fieldnames or ()):
                raise DataError(
                    f"{path}: expected FER+'s columns, among them {','.join((*COLUMNS, NO_FACE))}"
                )
            rows = np.array([[int(row[name]) for name in (*COLUMNS, NO_FACE)] for row in table])
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as FER+'s fer2013new.csv ({error})") from error
    counts, without_face = rows[:, :-1], rows[:, -1] > 5
    return Votes(np.where(counts > 1, counts, 0), without_face)
