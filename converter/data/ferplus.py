"""FER+: the votes of ten people on each row of FER2013 (Barsoum et al. 2016), and what their majority says.

Counts of votes are int64, (n, 10), in the order of COLUMNS.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from converter.errors import DataError
from device.mood import Mood

MOOD_COLUMNS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")  # like Mood
NO_FACE = "NF"
COLUMNS = (*MOOD_COLUMNS, "contempt", "unknown", NO_FACE)
CLASSES = 8  # FER+'s own classes: the seven moods and contempt, the first columns
CONTEMPT = CLASSES - 1


class Majority(NamedTuple):
    """What most of the ten people said of each face.

    Attributes:
        faces: bool, (n,): whether there is an answer.
        labels: int64, (n,): the index of the answer; of no use where there is none.
    """

    faces: NDArray[np.bool_]
    labels: NDArray[np.int64]


def without_face(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether more than half of the ten saw no face, bool (n,), for counts (n, 10)."""
    return counts[:, COLUMNS.index(NO_FACE)] > 5


def shares(counts: NDArray[np.int64], moods: Sequence[Mood]) -> NDArray[np.float32]:
    """Return the share of each of `moods` in the votes; a single vote for a mood does not count.

    Args:
        counts: (n, 10).
        moods: only votes for these count.

    Returns:
        float32, (n, len(moods)): each row sums to 1, or is all 0 if nobody voted for one of `moods`.
    """
    order = list(Mood)
    chosen = _drop_single(counts)[:, [order.index(mood) for mood in moods]].astype(np.float32)
    chosen /= np.maximum(chosen.sum(axis=1, keepdims=True), 1)
    return chosen


def strict_majority(counts: NDArray[np.int64]) -> Majority:
    """Return the class that got more than half of all votes, of FER+'s eight.

    Votes for "unknown" and "no face" count among all votes, and win no face. Of PrivateTest's 3,589 faces
    3,153 have such a class. This is the measure of FER+'s own paper, whose VGG13 predicts that class for
    84.99 % of them.

    Returns:
        Labels in the order of COLUMNS, so that CONTEMPT is one of them.
    """
    counts = _drop_single(counts)
    classes = counts[:, :CLASSES]
    return Majority(2 * classes.max(axis=1) > counts.sum(axis=1), classes.argmax(axis=1))


def majority(counts: NDArray[np.int64], moods: Sequence[Mood]) -> Majority:
    """Return the mood with most votes, for faces where that is one of `moods`.

    All ten columns compete, so a face that most call contemptuous or unknown is no mood's. Of columns with
    equally many votes the first in the order of COLUMNS wins. Of PrivateTest's 3,589 faces 3,519 are one of
    the seven moods, and 2,590 happy, neutral or sad.

    Returns:
        Labels as indices into `moods`.
    """
    order = [list(Mood).index(mood) for mood in moods]
    is_of = _drop_single(counts).argmax(axis=1)[:, np.newaxis] == order
    return Majority(is_of.any(axis=1), is_of.argmax(axis=1))


def _drop_single(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop a single vote for a class as noise, as FER+'s own paper does."""
    return np.where(counts > 1, counts, 0)


def read_votes(path: Path) -> NDArray[np.int64]:
    """Read FER+'s fer2013new.csv.

    Returns:
        int64, (rows, 10): how many of the ten voted for what, in the order of COLUMNS.

    Raises:
        DataError: the file cannot be read, or has other columns.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if not set(COLUMNS) <= set(table.fieldnames or ()):
                raise DataError(f"{path}: expected FER+'s columns, among them {','.join(COLUMNS)}")
            rows = [[int(row[name]) for name in COLUMNS] for row in table]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as FER+'s fer2013new.csv ({error})") from error
    return np.array(rows, dtype=np.int64).reshape(-1, len(COLUMNS))
