"""Reads FER2013: Kaggle's one big CSV, or a folder of pictures for each class."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import itertools
import lzma
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from converter.errors import DataError
from device.errors import CameraError
from device.mood import Mood
from device.printable import printable
from device.vision.pictures import pictures_in, read_full_size

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")

# The codes of FER2013's column `emotion`.
EMOTIONS = (Mood.ANGRY, Mood.DISGUST, Mood.FEAR, Mood.HAPPY, Mood.SAD, Mood.SURPRISE, Mood.NEUTRAL)

# What people call the splits when they unpack FER2013 into folders.
SPLIT_FOLDERS = {
    "Training": ("Training", "train", "training"),
    "PublicTest": ("PublicTest", "validation", "val", "public"),
    "PrivateTest": ("PrivateTest", "test", "private"),
}
OPENERS: dict[str, Callable[..., IO[str]]] = {".xz": lzma.open, ".gz": gzip.open}


@dataclass(frozen=True)
class Split:
    """Faces of one split.

    images: uint8, (n, 48, 48). labels: int64, (n,), indexes into `moods`.
    votes: float32, (n, k): the share of each mood in the votes of FER+, summing to 1, or all 0 where there
    are none for these moods; None where no votes were read.
    """

    name: str
    moods: tuple[Mood, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self) -> dict[str, int]:
        """How many faces of each mood."""
        return {str(m): int(np.sum(self.labels == i)) for i, m in enumerate(self.moods)}

    def only(self, keep: NDArray[np.bool_]) -> Split:
        """The faces that `keep`, bool (n,), marks."""
        votes = None if self.votes is None else self.votes[keep]
        return Split(self.name, self.moods, self.images[keep], self.labels[keep], votes)

    def held_to(self, moods: Sequence[Mood]) -> Split:
        """The faces of `moods` alone, and the votes for these, as if no others had been asked for."""
        places = [self.moods.index(mood) for mood in moods]
        kept = self.only(np.isin(self.labels, places))
        votes = kept.votes
        if votes is not None:
            votes = votes[:, places]
            votes = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-6)
        labels = np.array([places.index(label) for label in kept.labels], dtype=np.int64)
        return dataclasses.replace(kept, moods=tuple(moods), labels=labels, votes=votes)

    def by_votes(self) -> Split:
        """The faces with votes, labelled with what most voted for. There must be votes."""
        assert self.votes is not None
        voted = self.only(self.votes.any(axis=1))
        assert voted.votes is not None
        return dataclasses.replace(voted, name=f"{self.name} by FER+", labels=voted.votes.argmax(axis=1))


def read(
    path: Path,
    splits: Sequence[str],
    moods: Sequence[Mood],
    leave_out: Collection[int] = (),
    votes: Path | None = None,
) -> dict[str, Split]:
    """The faces of `moods` in each of `splits`, from a CSV file (plain, .xz, .gz) or a folder.

    leave_out: 0-based row numbers of the CSV to leave out of Training; the test splits stay whole.
    votes: FER+'s fer2013new.csv, for the same rows; what most saw no face in is left out of Training.
    Raises DataError, naming file, row and what was expected.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; expected Kaggle's fer2013.csv (or .xz, .gz)")
    if leave_out and path.is_dir():
        raise DataError(f"{path}: row numbers to leave out go with a CSV file, and this is a folder")
    if votes and path.is_dir():
        raise DataError(f"{path}: votes go with a CSV file, whose rows they are for, and this is a folder")
    counted = read_votes(votes) if votes else None
    if counted:
        leave_out = frozenset(leave_out) | set(np.flatnonzero(counted.faceless).tolist())
    rows = (
        _folder_rows(path, splits, moods)
        if path.is_dir()
        else _csv_rows(path, splits, frozenset(leave_out), len(counted.faceless) if counted else None)
    )
    gathered: dict[str, list[tuple[int, NDArray[np.uint8], int]]] = {split: [] for split in splits}
    for number, split, mood, image in rows:
        if mood in moods:
            gathered[split].append((number, image, moods.index(mood)))
    for split, found in gathered.items():
        seen = Counter(label for *_, label in found)
        missing = [str(mood) for i, mood in enumerate(moods) if not seen[i]]
        if missing:
            raise DataError(f"{path}: split {split} has no picture of {', '.join(missing)}")
    return {
        split: Split(
            split,
            tuple(moods),
            np.stack([image for _, image, _ in found]),
            np.array([label for *_, label in found], dtype=np.int64),
            counted.shares([number for number, *_ in found], moods) if counted else None,
        )
        for split, found in gathered.items()
    }


@dataclass(frozen=True)
class Votes:
    """FER+'s votes on each row of FER2013.

    counts: (rows, 7), for each of `Mood` in its order. faceless: (rows,), where most saw no face.
    """

    counts: NDArray[np.int64]
    faceless: NDArray[np.bool_]

    def shares(self, rows: Sequence[int], moods: Sequence[Mood]) -> NDArray[np.float32]:
        """The share of each of `moods` in the votes on `rows`; all 0 where nobody voted for one of them."""
        order = list(Mood)
        counts = self.counts[rows][:, [order.index(mood) for mood in moods]].astype(np.float32)
        counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return counts


FERPLUS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")  # in the order of Mood
NO_FACE = "NF"


def read_votes(path: Path) -> Votes:
    """FER+'s fer2013new.csv. A single vote counts for nothing, as in its own paper. Raises DataError."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if not {*FERPLUS, NO_FACE} <= set(table.fieldnames or ()):
                raise DataError(
                    f"{path}: expected FER+'s columns, among them {','.join((*FERPLUS, NO_FACE))}"
                )
            rows = np.array([[int(row[name]) for name in (*FERPLUS, NO_FACE)] for row in table])
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as FER+'s fer2013new.csv ({error})") from error
    counts, faceless = rows[:, :-1], rows[:, -1] > 5
    return Votes(np.where(counts > 1, counts, 0), faceless)


def read_row_numbers(path: Path) -> frozenset[int]:
    """A file with one 0-based row number a line."""
    try:
        return frozenset(int(line) for line in path.read_text().split())
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path}: expected one row number a line: {error}") from error


_Row = tuple[int, str, Mood, NDArray[np.uint8]]


def _csv_rows(
    path: Path, splits: Collection[str], leave_out: Collection[int], voted: int | None
) -> Iterator[_Row]:
    """voted: how many rows the votes are for, if there are any."""
    opener = OPENERS.get(path.suffix, open)
    try:
        with opener(path, "rt", newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            expected = {"emotion", "pixels", "Usage"}
            if not expected <= set(table.fieldnames or ()):
                raise DataError(
                    f"{path}: expected the columns emotion,pixels,Usage in its first line, "
                    f"found {','.join(table.fieldnames or ()) or 'nothing'}"
                )
            number = -1
            for number, row in enumerate(table):
                where = f"{path}: row {number} (line {table.line_num})"
                if row["Usage"] not in SPLITS:
                    raise DataError(
                        f"{where}: Usage is {row['Usage']!r}, expected one of {', '.join(SPLITS)}"
                    )
                if row["Usage"] not in splits or (row["Usage"] == "Training" and number in leave_out):
                    continue
                yield number, row["Usage"], _emotion(row["emotion"], where), _pixels(row["pixels"], where)
            if voted not in (None, number + 1):
                raise DataError(
                    f"{path}: {number + 1} rows, and the votes are for {voted}: they do not belong together"
                )
    except (OSError, EOFError, lzma.LZMAError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); fetch it again") from error


def _emotion(text: str, where: str) -> Mood:
    if text not in {"0", "1", "2", "3", "4", "5", "6"}:
        raise DataError(f"{where}: emotion is {text!r}, expected a number from 0 to 6")
    return EMOTIONS[int(text)]


def _pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        # numpy only warns at a word that is no number, and stops there; the count then tells.
        warnings.simplefilter("ignore", DeprecationWarning)
        values = np.fromstring(text or "", dtype=np.int32, sep=" ")
    if values.size != SIDE * SIDE:
        words = (text or "").split()
        if len(words) > values.size and not words[values.size].isdecimal():
            raise DataError(f"{where}: a pixel of {words[values.size]!r}, expected a number from 0 to 255")
        raise DataError(f"{where}: {values.size} pixels, expected {SIDE * SIDE} numbers ({SIDE}x{SIDE})")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel of {values[(values < 0) | (values > 255)][0]}, expected 0 to 255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _folder_rows(root: Path, splits: Collection[str], moods: Collection[Mood]) -> Iterator[_Row]:
    number = itertools.count()
    for split in splits:
        names = SPLIT_FOLDERS[split]
        folder = next((root / name for name in names if (root / name).is_dir()), None)
        if folder is None:
            raise DataError(
                f"{root}: no folder for the split {split}; expected one named {' or '.join(names)}"
            )
        for mood in EMOTIONS:
            if mood in moods:
                for path in pictures_in(folder / mood):
                    yield next(number), split, mood, _picture(path)


def _picture(path: Path) -> NDArray[np.uint8]:
    try:
        image = read_full_size(path)
    except CameraError as error:
        raise DataError(f"{error}; expected a grey {SIDE}x{SIDE} one") from error
    if image.shape != (SIDE, SIDE):
        raise DataError(
            f"{printable(path)}: {image.shape[1]}x{image.shape[0]} pixels, expected {SIDE}x{SIDE}"
        )
    return image
