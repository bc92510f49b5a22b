"""Reads FER2013 where it was unpacked into a folder of images for each split and class."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from converter.data.fer2013 import SIDE, Row, scaled_to_side
from converter.data.labels import EMOTIONS, SPLIT_FOLDERS, mood_of
from converter.errors import DataError
from device.errors import CameraError
from device.mood import Mood
from device.printable import printable
from device.vision.pictures import pictures_in, read_full_size

HELD_OUT_SHARE = 1 / 9  # of the training images: what PublicTest is of both in FER2013
HELD_OUT_SEED = 1
"""A constant, so that `train`, `quantize` and `evaluate` hold the same images out."""


class _File(NamedTuple):
    number: int
    split: str
    mood: Mood
    path: Path


def folder_rows(
    root: Path, splits: Collection[str], moods: Collection[Mood], note: Callable[[str], object]
) -> Iterator[Row]:
    """Read the images of `moods` in `root`/SPLIT/CLASS; `labels` has the names that these may have.

    If there is no folder for PublicTest, images of Training are held out for it.

    Args:
        root: the folder.
        splits: which of SPLITS to read.
        moods: images of other moods are not read.
        note: is called with a line for the user if images are held out.

    Raises:
        DataError: a split's folder is missing, or a file is not a square image of 48x48 or more.
    """
    for number, split, mood, path in _files(root, splits, moods, note):
        yield Row(number, split, mood, _read_image(path))


def _files(
    root: Path, splits: Collection[str], moods: Collection[Mood], note: Callable[[str], object]
) -> Iterator[_File]:
    numbers = itertools.count()
    held_out = (
        _split_folder(root, "PublicTest") is None
        and _split_folder(root, "PrivateTest") is not None
        and not {"Training", "PublicTest"}.isdisjoint(splits)
    )
    for split in splits:
        folder = _split_folder(root, "Training" if held_out and split == "PublicTest" else split)
        if folder is None:
            names = " or ".join(SPLIT_FOLDERS[split])
            raise DataError(f"{root}: no folder for the split {split}; expected one named {names}")
        for mood in EMOTIONS:
            if mood in moods:
                paths = _pictures_of(folder, mood)
                if held_out and split != "PrivateTest":
                    chosen = _held_out(len(paths), mood)
                    paths = [
                        p for p, out in zip(paths, chosen, strict=True) if out == (split == "PublicTest")
                    ]
                yield from (_File(next(numbers), split, mood, path) for path in paths)
    if held_out:
        note(
            f"{printable(root)} has no folder for PublicTest: one in nine images of Training is held out for "
            f"it, chosen with seed {HELD_OUT_SEED}"
        )


def _split_folder(root: Path, split: str) -> Path | None:
    folders = {path.name.casefold(): path for path in sorted(root.iterdir()) if path.is_dir()}
    return next((folders[n.casefold()] for n in SPLIT_FOLDERS[split] if n.casefold() in folders), None)


def _pictures_of(folder: Path, mood: Mood) -> list[Path]:
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    for path in classes:
        if path.name.isdecimal() and mood_of(path.name) is None:
            raise DataError(
                f"{printable(path)}: expected FER2013's codes 0 to 6 as names of folders; "
                "other data sets number the moods otherwise: name the folders by their moods"
            )
    return [picture for path in classes if mood_of(path.name) is mood for picture in pictures_in(path)]


def _held_out(count: int, mood: Mood) -> NDArray[np.bool_]:
    """Which of the images of a mood are held out, bool (count,); whichever other moods are read."""
    chosen = np.zeros(count, np.bool_)
    generator = np.random.default_rng([HELD_OUT_SEED, EMOTIONS.index(mood)])
    most = max(1, round(count * HELD_OUT_SHARE)) if count > 1 else 0
    chosen[generator.permutation(count)[:most]] = True
    return chosen


def _read_image(path: Path) -> NDArray[np.uint8]:
    try:
        image = read_full_size(path)
    except CameraError as error:
        raise DataError(f"{error}; expected a grey {SIDE}x{SIDE} one") from error
    height, width = image.shape
    if width != height or width < SIDE:
        raise DataError(
            f"{printable(path)}: {width}x{height} pixels, expected {SIDE}x{SIDE}, or a larger square"
        )
    return scaled_to_side(image)
