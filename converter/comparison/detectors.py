"""Face detectors side by side: on photos under each condition, and on scenes with nobody in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converter.measure import statistics
from converter.measure.bootstrap import Estimate, Weights, estimate
from converter.measure.empty_scenes import crops
from converter.measure.photos import Photo, person_numbers
from converter.measure.scenes import scenes
from device.config import settings
from device.mood import Face
from device.vision.detector import CASCADES, LBP_CASCADE
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer
from device.vision.opencv import cv2, named

# A cascade alone, as most programs use it: upright faces, in the whole frame.
SCALE_FACTOR = 1.1
MIN_NEIGHBORS = 3

Detect = Callable[[Frame], Face | None]


@dataclass(frozen=True)
class Result:
    """What a detector does.

    Attributes:
        name: of the detector.
        in_place: by condition, the share of the photos on which it finds the face where it was placed.
        false_faces: share of the scenes with nobody in which it finds a face; None without such scenes.
        milliseconds: of processor time for a frame with a face, in the mean over the first condition.
        milliseconds_empty: the same for a scene with nobody in it; None without such scenes.
    """

    name: str
    in_place: dict[str, Estimate]
    false_faces: Estimate | None
    milliseconds: float
    milliseconds_empty: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures under the keys of `detectors --json`."""
        return {
            "detector": self.name,
            "in_place": {condition: each.as_dict() for condition, each in self.in_place.items()},
            "false_faces": self.false_faces.as_dict() if self.false_faces else None,
            "milliseconds": self.milliseconds,
            "milliseconds_empty": self.milliseconds_empty,
        }


def detectors(model: Path) -> dict[str, Detect]:
    """Load the detectors, by name.

    Args:
        model: a `.tflite` file with its card, whose network judges what the box's own search proposes.

    Raises:
        MoodboxError: the model or a cascade cannot be loaded.
    """
    min_face = settings.Look().min_face
    alone = {
        "Haar, default": CASCADES / "haarcascade_frontalface_default.xml",
        "Haar, alt": CASCADES / "haarcascade_frontalface_alt.xml",
        "Haar, alt2": CASCADES / "haarcascade_frontalface_alt2.xml",
        "LBP": LBP_CASCADE,
    }
    return {
        **{name: _cascade(path, min_face) for name, path in alone.items()},
        "the box's search": _search(model, settings.Look()),
        "the box's search with LBP": _search(model, settings.Look(detector="lbp")),
    }


def _cascade(path: Path, min_face: float) -> Detect:
    cascade = cv2.CascadeClassifier()
    with named(path) as name:
        cascade.load(name)

    def detect(frame: Frame) -> Face | None:
        side = round(min_face * frame.shape[0])
        boxes = cascade.detectMultiScale(
            frame, scaleFactor=SCALE_FACTOR, minNeighbors=MIN_NEIGHBORS, minSize=(side, side)
        )
        faces = [Face(*map(int, box)) for box in boxes]
        return max(faces, key=lambda face: face.width, default=None)

    return detect


def _search(model: Path, rules: settings.Look) -> Detect:
    analyzer = FaceAnalyzer(settings.Model(path=str(model)), rules)
    return lambda frame: analyzer.analyze(frame).face


def measure(
    name: str, detect: Detect, photos: Sequence[Photo], conditions: Sequence[str], empty: Sequence[Path]
) -> Result:
    """Measure one detector; the largest face that it finds in a frame counts.

    Args:
        name: of the detector.
        detect: finds the face in a frame.
        photos: of people.
        conditions: names of `scenes.NAMES`; the first one is timed.
        empty: pictures without people.

    Raises:
        DataError: a photo or picture cannot be read.
    """
    people = np.array(person_numbers(photos), dtype=np.int64)
    in_place, times = {}, []
    for condition in conditions:
        hits = []
        for scene in scenes(photos, condition):
            face, seconds = _timed(detect, scene.frame)
            hits.append(face is not None and scene.is_face(face))
            if condition == conditions[0]:
                times.append(seconds)
        in_place[condition] = _share(hits, people)
    found, empty_times, pictures = [], [], []
    for number, frame in _empty_frames(empty):
        face, seconds = _timed(detect, frame)
        found.append(face is not None)
        empty_times.append(seconds)
        pictures.append(number)
    return Result(
        name,
        in_place,
        _share(found, np.array(pictures, dtype=np.int64)) if found else None,
        1000 * float(np.mean(times)),
        1000 * float(np.mean(empty_times)) if empty_times else None,
    )


def _empty_frames(pictures: Sequence[Path]) -> Iterator[tuple[int, Frame]]:
    for number, path in enumerate(pictures):
        for frame in crops(path):
            yield number, frame


def _timed(detect: Detect, frame: Frame) -> tuple[Face | None, float]:
    began = time.thread_time()
    face = detect(frame)
    return face, time.thread_time() - began


def _share(hits: Sequence[bool], groups: np.ndarray[Any, np.dtype[np.int64]]) -> Estimate:
    values = np.array(hits)

    def figures(weights: Weights) -> dict[str, float]:
        return {"share": statistics.mean(values, weights)}

    return estimate(figures, groups)["share"]


def table(results: Sequence[Result]) -> str:
    """Format the results as Markdown."""
    conditions = list(results[0].in_place)
    head = ["detector", *conditions, "false faces", "ms a frame", "ms, nobody there"]
    rows = [
        [
            each.name,
            *(each.in_place[condition].percent() for condition in conditions),
            each.false_faces.percent() if each.false_faces else "-",
            f"{each.milliseconds:.1f}",
            "-" if each.milliseconds_empty is None else f"{each.milliseconds_empty:.1f}",
        ]
        for each in results
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
