"""Drawn faces instead of FER2013, whose images may not be in the repository."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.data.labels import EMOTIONS, SPLITS
from device.mood import Mood

BACKGROUND = {Mood.HAPPY: 235, Mood.NEUTRAL: 130, Mood.SAD: 30}
MOODS = tuple(BACKGROUND)
SIZES = {"Training": 96, "PublicTest": 36, "PrivateTest": 36}

Row = dict[str, str]


def face(mood: Mood, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a face, uint8 (48, 48), that the Haar cascade finds and whose mood a small network can learn."""
    image = _wall(BACKGROUND.get(mood, 180), generator)
    x, y = generator.integers(20, 29, size=2).tolist()
    cv2.ellipse(image, (x, y), (18, 23), 0, 0, 360, (215,), cv2.FILLED)
    cv2.ellipse(image, (x, y - 17), (17, 8), 0, 180, 360, (60,), cv2.FILLED)
    for side in (-1, 1):
        cv2.ellipse(image, (x + 8 * side, y - 5), (6, 3), 0, 0, 360, (110,), cv2.FILLED)
        cv2.ellipse(image, (x + 8 * side, y - 5), (3, 2), 0, 0, 360, (20,), cv2.FILLED)
        cv2.line(image, (x + 4 * side, y - 10), (x + 13 * side, y - 10), (50,), 2)
    cv2.line(image, (x, y - 2), (x, y + 5), (235,), 3)
    cv2.ellipse(image, (x, y + 6), (4, 1), 0, 0, 360, (120,), cv2.FILLED)
    if mood is Mood.HAPPY:
        cv2.ellipse(image, (x, y + 11), (8, 5), 0, 0, 180, (60,), 2)
    elif mood is Mood.SAD:
        cv2.ellipse(image, (x, y + 17), (8, 5), 0, 180, 360, (60,), 2)
    else:
        cv2.line(image, (x - 7, y + 13), (x + 7, y + 13), (60,), 2)
    blurred = cv2.GaussianBlur(image, (0, 0), 0.7)
    return np.clip(blurred + generator.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def _wall(grey: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """A wall with random patches, so that no two faces are near duplicates."""
    patches = cv2.resize(generator.uniform(-150, 150, (5, 5)), (48, 48), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(grey + patches, 0, 255), dtype=np.uint8)


def rows() -> list[Row]:
    """Return a small FER2013: in each split the three moods in turn, and an angry face at the end."""
    return [row.copy() for row in _rows()]


@functools.cache
def _rows() -> tuple[Row, ...]:
    generator = np.random.default_rng(7)
    return tuple(
        {
            "emotion": str(EMOTIONS.index(mood)),
            "pixels": " ".join(map(str, face(mood, generator).ravel())),
            "Usage": split,
        }
        for split in SPLITS
        for mood in (*(MOODS[i % 3] for i in range(SIZES[split])), Mood.ANGRY)
    )


FERPLUS = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
VOTE = {Mood.HAPPY: "happiness", Mood.NEUTRAL: "neutral", Mood.SAD: "sadness", Mood.ANGRY: "anger"}


def votes() -> list[Row]:
    """Return FER+'s table of the same rows: of ten votes seven are for the label, two for neutral."""
    table = []
    for row in rows():
        counts = dict.fromkeys(FERPLUS, 0) | {"unknown": 1}
        counts[VOTE[EMOTIONS[int(row["emotion"])]]] += 7
        counts["neutral"] += 2
        table.append(
            {"Usage": row["Usage"], "Image name": "fer.png"} | {k: str(n) for k, n in counts.items()}
        )
    return table


def write_csv(path: Path, table: Iterable[Row]) -> Path:
    """Write `table` with a header; returns `path`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = list(table)
        writer = csv.DictWriter(file, list(lines[0]) if lines else ("emotion", "pixels", "Usage"))
        writer.writeheader()
        writer.writerows(lines)
    return path
