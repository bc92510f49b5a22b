"""The options that name the data, and how all commands read them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from converter.data.dataset import Split, read, read_row_numbers
from converter.data.labels import SPLITS
from converter.data.near_duplicates import has_near_duplicate
from converter.errors import DataError
from device.mood import Mood


def add_data_option(command: argparse.ArgumentParser) -> None:
    """Add --data."""
    command.add_argument(
        "--data",
        type=Path,
        required=True,
        help="Kaggle's fer2013.csv (plain, .xz or .gz), or a folder with one folder for each split, and in "
        "these one for each mood",
    )


def add_votes_option(command: argparse.ArgumentParser, purpose: str, *, required: bool = False) -> None:
    """Add --votes."""
    command.add_argument(
        "--votes",
        type=Path,
        required=required,
        metavar="FILE",
        help=f"FER+'s fer2013new.csv: ten people's votes on each face of --data, {purpose}",
    )


def add_data_options(command: argparse.ArgumentParser, purpose_of_votes: str, *, votes: bool = False) -> None:
    """Add --data, --leave-out and --votes; the last one is required if `votes`."""
    add_data_option(command)
    command.add_argument(
        "--leave-out",
        type=Path,
        metavar="FILE",
        help="a file with the numbers of rows of --data to leave out of Training, one a line, counted from 0",
    )
    add_votes_option(command, purpose_of_votes, required=votes)


def left_out(options: argparse.Namespace) -> frozenset[int]:
    """Return the numbers of the rows that --leave-out names."""
    return read_row_numbers(options.leave_out) if options.leave_out else frozenset()


def read_all(options: argparse.Namespace, moods: Sequence[Mood]) -> dict[str, Split]:
    """Return all three splits; Training without the rows to leave out and near duplicates of test images."""
    splits = read(options.data, SPLITS, moods, left_out(options), options.votes)
    tests = (splits["PublicTest"], splits["PrivateTest"])
    everything = splits["Training"]
    test_images = np.concatenate([test.images for test in tests])
    faces = everything.select(~has_near_duplicate(everything.images, test_images))
    print(
        f"left out of Training: {len(everything) - len(faces)} of {len(everything)} faces, because "
        "PublicTest or PrivateTest contains the same photographs"
    )
    for split in (faces, *tests):
        counts = ", ".join(f"{mood} {count}" for mood, count in split.counts().items())
        print(f"{split.name:12}{len(split)} faces: {counts}")
    if missing := [mood for mood, count in faces.counts().items() if not count]:
        raise DataError(
            f"{options.data}: all images of {', '.join(missing)} in Training are in a test split too"
        )
    return splits | {"Training": faces}
