"""Frames of 640x480 with nobody in them, cut from pictures without people: any face seen there is false."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converter.errors import DataError
from converter.measure import statistics
from converter.measure.bootstrap import Estimate, Weights, estimate
from converter.measure.conditions import look_at
from converter.measure.scenes import CONDITIONS, HEIGHT, WIDTH, Frame, Scene
from device.errors import CameraError
from device.mood import Outcome
from device.vision.observation import FaceAnalyzer
from device.vision.opencv import cv2
from device.vision.pictures import pictures_in, read_full_size

CROPS = 12  # of each picture
NAMES = ("clean", "dark")


@dataclass(frozen=True)
class EmptyResult:
    """How often somebody is seen where nobody is, with standard errors by bootstrap over pictures.

    Attributes:
        condition: one of NAMES.
        pictures: how many there are.
        scenes: how many were cut from them.
        faces: share of the scenes in which a face is seen.
        moods: share of the scenes in which a mood is named.
    """

    condition: str
    pictures: int
    scenes: int
    faces: Estimate
    moods: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the shares under the keys of `conditions --scenes --json`."""
        return {
            "condition": self.condition,
            "pictures": self.pictures,
            "scenes": self.scenes,
            "faces": self.faces.value,
            "moods": self.moods.value,
            "errors": {"faces": self.faces.error, "moods": self.moods.error},
        }


def read_pictures(folder: Path) -> list[Path]:
    """List the pictures in `folder` and in the folders in it.

    Raises:
        DataError: there are none.
    """
    folders = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
    if found := [path for each in folders for path in pictures_in(each)]:
        return found
    raise DataError(f"{folder}: no pictures; expected a folder of pictures without people")


def crops(path: Path) -> Iterator[Frame]:
    """Cut CROPS frames from a picture, uint8 (HEIGHT, WIDTH): the same ones at each call.

    Each shows a random part of the picture, from a third of its size to as much as fits, so that the same
    things are seen near and far. A part is enlarged only if the whole picture is smaller than a frame.

    Raises:
        DataError: the picture cannot be read.
    """
    try:
        picture = read_full_size(path)
    except CameraError as error:
        raise DataError(str(error)) from error
    generator = np.random.default_rng(int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:8]))
    height, width = picture.shape
    largest = min(width / WIDTH, height / HEIGHT)  # pixels of the picture for one of the frame
    smallest = min(max(largest / 3, 1.0), largest)
    for _ in range(CROPS):
        scale = float(np.exp(generator.uniform(np.log(smallest), np.log(largest))))
        part_width, part_height = max(1, int(scale * WIDTH)), max(1, int(scale * HEIGHT))
        x = int(generator.integers(0, width - part_width + 1))
        y = int(generator.integers(0, height - part_height + 1))
        part = picture[y : y + part_height, x : x + part_width]
        interpolation = cv2.INTER_AREA if scale >= 1 else cv2.INTER_LINEAR
        yield np.asarray(cv2.resize(part, (WIDTH, HEIGHT), interpolation=interpolation), dtype=np.uint8)


def measure(analyzer: FaceAnalyzer, pictures: Sequence[Path], condition: str) -> EmptyResult:
    """Look at the scenes of all pictures, as the box does at a scene that stands still.

    Raises:
        DataError: a picture cannot be read.
    """
    outcomes, numbers = [], []
    for number, path in enumerate(pictures):
        for index, frame in enumerate(crops(path)):
            background = np.ones(frame.shape, dtype=np.float32)
            empty = Scene(frame, WIDTH / 2, HEIGHT / 2, HEIGHT / 4, background)
            shown = CONDITIONS[condition](empty, np.random.default_rng(index))
            outcomes.append(look_at(analyzer, shown).outcome)
            numbers.append(number)
    seen = np.array([outcome is not Outcome.NO_FACE for outcome in outcomes])
    named = np.array([outcome is Outcome.MOOD for outcome in outcomes])

    def figures(weights: Weights) -> dict[str, float]:
        return {"faces": statistics.mean(seen, weights), "moods": statistics.mean(named, weights)}

    found = estimate(figures, np.array(numbers, dtype=np.int64))
    return EmptyResult(condition, len(pictures), len(outcomes), found["faces"], found["moods"])


def table(results: Sequence[EmptyResult]) -> str:
    """Format the results as a Markdown table."""
    lines = [
        "| nobody there | pictures | scenes | a face is seen | a mood is named |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {each.condition} | {each.pictures} | {each.scenes} | {each.faces.percent()} "
            f"| {each.moods.percent()} |"
            for each in results
        ),
    ]
    return "\n".join(lines)
