"""Reads the rows of FER2013: Kaggle's single CSV file, or a folder of images for each split and class."""

from __future__ import annotations

import csv
import gzip
import itertools
import lzma
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from converter.errors import DataError
from device.errors import CameraError
from device.mood import Mood
from device.printable import printable
from device.vision.pictures import pictures_in, read_full_size

SIDE = 48  # width and height of an image in pixels
SPLITS = ("Training", "PublicTest", "PrivateTest")

# The codes of FER2013's column `emotion`.
EMOTIONS = (Mood.ANGRY, Mood.DISGUST, Mood.FEAR, Mood.HAPPY, Mood.SAD, Mood.SURPRISE, Mood.NEUTRAL)

# The usual names of the splits where FER2013 has been unpacked into folders.
SPLIT_FOLDERS = {
    "Training": ("Training", "train", "training"),
    "PublicTest": ("PublicTest", "validation", "val", "public"),
    "PrivateTest": ("PrivateTest", "test", "private"),
}
OPENERS: dict[str, Callable[..., IO[str]]] = {".xz": lzma.open, ".gz": gzip.open}


class Row(NamedTuple):
    """One labelled face.

    Attributes:
        number: 0-based, counted over all rows of the CSV file, or over the files of a folder.
        split: one of SPLITS.
        mood: its label.
        image: uint8, (48, 48).
    """

    number: int
    split: str
    mood: Mood
    image: NDArray[np.uint8]


def csv_rows(
    path: Path, splits: Collection[str], leave_out: Collection[int], vote_rows: int | None
) -> Iterator[Row]:
    """Read a CSV file, plain or with the suffix .xz or .gz.

    Args:
        path: the file.
        splits: which of SPLITS to read.
        leave_out: numbers of rows to skip in Training.
        vote_rows: how many rows FER+'s table has; None if no votes are used.

    Raises:
        DataError: with file, row and what was expected.
    """
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
                image = _pixels(row["pixels"], where)
                yield Row(number, row["Usage"], _emotion(row["emotion"], where), image)
            if vote_rows not in (None, number + 1):
                raise DataError(
                    f"{path}: {number + 1} rows, but the votes are for {vote_rows}; "
                    "use the fer2013new.csv that was made for this file"
                )
    except (OSError, EOFError, lzma.LZMAError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); download it again") from error


def _emotion(text: str, where: str) -> Mood:
    if text not in {"0", "1", "2", "3", "4", "5", "6"}:
        raise DataError(f"{where}: emotion is {text!r}, expected a number from 0 to 6")
    return EMOTIONS[int(text)]


def _pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        # numpy only warns about a word that is not a number, and stops there: the number of values shows it.
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


def folder_rows(root: Path, splits: Collection[str], moods: Collection[Mood]) -> Iterator[Row]:
    """Read the images of `moods` in `root`/SPLIT/MOOD; SPLIT_FOLDERS has the names that a split may have.

    Raises:
        DataError: a split's folder is missing, or a file is not a 48x48 image.
    """
    numbers = itertools.count()
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
                    yield Row(next(numbers), split, mood, _read_image(path))


def _read_image(path: Path) -> NDArray[np.uint8]:
    try:
        image = read_full_size(path)
    except CameraError as error:
        raise DataError(f"{error}; expected a grey {SIDE}x{SIDE} one") from error
    if image.shape != (SIDE, SIDE):
        width, height = image.shape[1], image.shape[0]
        raise DataError(f"{printable(path)}: {width}x{height} pixels, expected {SIDE}x{SIDE}")
    return image
