"""Reads the rows of FER2013 from Kaggle's single CSV file, as people have it."""

from __future__ import annotations

import csv
import gzip
import lzma
import math
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from converter.data.labels import SPLITS, mood_of, split_of
from converter.errors import DataError
from device.mood import Mood
from device.vision.opencv import cv2

SIDE = 48  # width and height of an image in pixels
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
MAX_FIELD = 2**22  # characters: the pixels of an image of 1000x1000
COLUMNS = ("emotion", "pixels", "Usage")
OPENERS: dict[str, Callable[..., IO[Any]]] = {".xz": lzma.open, ".gz": gzip.open}


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
    path: Path,
    splits: Collection[str],
    leave_out: Collection[int],
    without_face: Collection[int],
    vote_rows: int | None,
    note: Callable[[str], object],
) -> Iterator[Row]:
    """Read a CSV file, plain or with the suffix .xz or .gz.

    Args:
        path: the file.
        splits: which of SPLITS to read.
        leave_out: numbers of rows to skip in Training, as the user names them.
        without_face: numbers of further such rows, in which most people saw no face.
        vote_rows: how many rows FER+'s table has; None if no votes are used.
        note: is called with a line for the user if rows are left out.

    Raises:
        DataError: with file, row and what was expected.
    """
    opener = OPENERS.get(path.suffix, open)
    csv.field_size_limit(MAX_FIELD)
    try:
        with opener(path, "rb") as file:
            start = file.read(3)
        encoding = next((e for mark, e in BYTE_ORDER_MARKS.items() if start.startswith(mark)), "utf-8")
        with opener(path, "rt", newline="", encoding=encoding) as file:
            table = csv.DictReader(file)
            found = [name.strip() for name in table.fieldnames or ()]
            by_name = {column.casefold(): column for column in COLUMNS}
            table.fieldnames = [by_name.get(name.casefold(), name) for name in found]
            if not set(COLUMNS) <= set(table.fieldnames):
                raise DataError(
                    f"{path}: expected the columns {','.join(COLUMNS)} in its first line, "
                    f"found {','.join(found) or 'nothing'}"
                )
            number, named, skipped = -1, 0, 0
            for number, row in enumerate(table):
                where = f"{path}: row {number} (line {table.line_num})"
                split = split_of(row["Usage"] or "")
                if split is None:
                    raise DataError(
                        f"{where}: Usage is {row['Usage']!r}, expected one of {', '.join(SPLITS)}"
                    )
                if split not in splits:
                    continue
                if split == "Training" and number in leave_out:
                    named += 1
                    continue
                if split == "Training" and number in without_face:
                    skipped += 1
                    continue
                image = _pixels(row["pixels"], where)
                yield Row(number, split, _emotion(row["emotion"], where), image)
            if vote_rows not in (None, number + 1):
                raise DataError(
                    f"{path}: {number + 1} rows, but the votes are for {vote_rows}; "
                    "use the fer2013new.csv that was made for this file"
                )
            if elsewhere := sum(not 0 <= each <= number for each in leave_out):
                raise DataError(
                    f"--leave-out: {elsewhere} of its {len(leave_out)} numbers are no rows of {path}, which "
                    f"has {number + 1}; name the list that was made for this file"
                )
            if "Training" in splits:
                for line in _left_out(len(leave_out), named, skipped):
                    note(line)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read to its end ({error}); download it again") from error


def _left_out(count: int, named: int, without_face: int) -> Iterator[str]:
    """Say how many rows of Training are left out, of `count` that --leave-out has, and why."""
    if count:
        rest = "; the others are in PublicTest or PrivateTest, which stay whole" if named < count else ""
        yield f"left out of Training: {named} of the {count} rows that --leave-out names{rest}"
    if without_face:
        yield f"left out of Training: {without_face} rows, because most of FER+'s people saw no face there"


def _emotion(text: str | None, where: str) -> Mood:
    mood = mood_of(text or "")
    if mood is None:
        raise DataError(f"{where}: emotion is {text!r}, expected a number from 0 to 6, or a mood")
    return mood


def _pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        # numpy only warns about a word that is not a number, and stops there: the number of values shows it.
        warnings.simplefilter("ignore", DeprecationWarning)
        values = np.fromstring(text or "", dtype=np.int32, sep=" ")
    side = math.isqrt(values.size)
    if values.size != side * side or side < SIDE:
        words = (text or "").split()
        if len(words) > values.size and not words[values.size].isdecimal():
            raise DataError(f"{where}: a pixel of {words[values.size]!r}, expected a number from 0 to 255")
        raise DataError(f"{where}: {values.size} pixels, expected {SIDE * SIDE} numbers ({SIDE}x{SIDE})")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel of {values[(values < 0) | (values > 255)][0]}, expected 0 to 255")
    return scaled_to_side(values.astype(np.uint8).reshape(side, side))


def scaled_to_side(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a square image, 48x48 or larger, as 48x48."""
    if image.shape == (SIDE, SIDE):
        return image
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
