"""The faces of each split of FER2013, with their labels and FER+'s votes."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.data.class_folders import folder_rows
from converter.data.fer2013 import Row, csv_rows
from converter.data.ferplus import read_votes, shares, without_face
from converter.errors import DataError
from device.mood import Mood


@dataclass(frozen=True)
class Split:
    """Faces of one split.

    Attributes:
        name: one of SPLITS.
        moods: the classes.
        images: uint8, (n, 48, 48).
        labels: int64, (n,): indices into `moods`.
        votes: float32, (n, len(moods)): the share of each mood in FER+'s votes. A row sums to 1, or is all 0
            if nobody voted for one of `moods`. None if no votes were read.
        vote_counts: int64, (n, 10): all votes, in the order of FER+'s COLUMNS; None if none were read.
    """

    name: str
    moods: tuple[Mood, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32] | None = None
    vote_counts: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> dict[str, int]:
        """Count the faces of each mood."""
        return {str(m): int(np.sum(self.labels == i)) for i, m in enumerate(self.moods)}

    def select(self, mask: NDArray[np.bool_]) -> Split:
        """Return the faces that `mask`, bool (n,), marks."""
        return dataclasses.replace(
            self,
            images=self.images[mask],
            labels=self.labels[mask],
            votes=None if self.votes is None else self.votes[mask],
            vote_counts=None if self.vote_counts is None else self.vote_counts[mask],
        )

    def is_of(self, moods: Sequence[Mood]) -> NDArray[np.bool_]:
        """Return which faces are labelled with one of `moods`, bool (n,)."""
        return np.isin(self.labels, [self.moods.index(mood) for mood in moods])

    def restrict_to(self, moods: Sequence[Mood]) -> Split:
        """Return the faces of `moods` alone, and the votes for these, as if only they had been read."""
        indices = [self.moods.index(mood) for mood in moods]
        kept = self.select(self.is_of(moods))
        votes = kept.votes
        if votes is not None:
            votes = votes[:, indices]
            votes = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-6)
        labels = np.array([indices.index(label) for label in kept.labels], dtype=np.int64)
        return dataclasses.replace(kept, moods=tuple(moods), labels=labels, votes=votes)

    def labelled_by_votes(self) -> Split:
        """Return the faces that have votes, labelled with the mood that got most; needs `votes`."""
        assert self.votes is not None
        voted = self.select(self.votes.any(axis=1))
        assert voted.votes is not None
        return dataclasses.replace(voted, name=f"{self.name} by FER+", labels=voted.votes.argmax(axis=1))


def _print_note(line: str) -> None:
    print(line, file=sys.stderr)


def read(
    path: Path,
    splits: Sequence[str],
    moods: Sequence[Mood],
    leave_out: Collection[int] = (),
    votes: Path | None = None,
    note: Callable[[str], object] = _print_note,
) -> dict[str, Split]:
    """Read the faces of `moods` in each of `splits`.

    Args:
        path: a CSV file (plain, .xz, .gz), or a folder with one for each split and class.
        splits: names of splits, of SPLITS.
        moods: the classes to read, in the order that labels refer to.
        leave_out: 0-based numbers of CSV rows to leave out of Training; the test splits stay whole.
        votes: FER+'s fer2013new.csv for the same rows. Images in which most voters saw no face are then left
            out of Training.
        note: is called with a line for the user where the data are not used as they are; by default it
            goes to stderr.

    Raises:
        DataError: with file, row and what was expected.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; expected Kaggle's fer2013.csv (or .xz, .gz)")
    if leave_out and path.is_dir():
        raise DataError(f"{path}: row numbers to leave out need a CSV file, and this is a folder")
    if votes and path.is_dir():
        raise DataError(f"{path}: votes need the CSV file whose rows they are for, and this is a folder")
    counted = read_votes(votes) if votes else None
    no_face = [] if counted is None else np.flatnonzero(without_face(counted)).tolist()
    rows = (
        folder_rows(path, splits, moods, note)
        if path.is_dir()
        else csv_rows(
            path,
            splits,
            frozenset(leave_out),
            frozenset(no_face),
            None if counted is None else len(counted),
            note,
        )
    )
    by_split: dict[str, list[Row]] = {split: [] for split in splits}
    for row in rows:
        if row.mood in moods:
            by_split[row.split].append(row)
    for split, found in by_split.items():
        present = Counter(row.mood for row in found)
        missing = [str(mood) for mood in moods if not present[mood]]
        if missing:
            raise DataError(f"{path}: split {split} has no image of {', '.join(missing)}")
    return {split: _split(split, tuple(moods), found, counted) for split, found in by_split.items()}


def _split(
    name: str, moods: tuple[Mood, ...], rows: Sequence[Row], counts: NDArray[np.int64] | None
) -> Split:
    """Collect `rows`; `counts` are the votes on all rows of the table."""
    of_rows = None if counts is None else counts[[row.number for row in rows]]
    return Split(
        name,
        moods,
        np.stack([row.image for row in rows]),
        np.array([moods.index(row.mood) for row in rows], dtype=np.int64),
        None if of_rows is None else shares(of_rows, moods),
        of_rows,
    )


def read_row_numbers(path: Path) -> frozenset[int]:
    """Read a file with one 0-based row number on each line.

    Raises:
        DataError: the file cannot be read, or a line is not a number.
    """
    try:
        return frozenset(int(line) for line in path.read_text().split())
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path}: expected one row number on each line: {error}") from error
