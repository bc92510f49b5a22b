"""Faces in a frame by OpenCV's Haar cascades, and the crop around one."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.eyes.card import Crop
from device.eyes.light import evened
from device.eyes.opencv import cv2, named
from device.mood import Face

CASCADES = Path(cv2.__file__).parent / "data"
SMALLEST = 24  # pixels: what the cascades were trained on
LARGEST = 2**15 - 1  # pixels: a longer side is more than OpenCV can turn
AROUND = 0.35  # of a face's size, on each side: where it is looked for in the next frame
LIT = 110  # of 255: the mean grey from which on a picture is light enough
LIKE = 0.75  # of its size: how small it may have become there


@dataclass(frozen=True)
class Search:
    """One way of looking for faces.

    least: the smallest face, as a share of the picture's height. window: how many pixels it then has in the
    smaller picture that is searched: the fewer, the faster. step: from one size that is looked for to the
    next. neighbours: how many boxes must agree. tilt: degrees by which the picture is turned first, since
    a cascade finds no head that leans by 20.
    """

    least: float
    window: int = 30
    step: float = 1.1
    neighbours: int = 3
    tilt: float = 0.0


NEAR = Search(least=0.25, window=24, step=1.15, neighbours=2)
LEAN = 15.0


class FaceFinder:
    """Finds the largest face whose height is at least the share `least` of the frame's.

    Each step is taken only if the one before has found nothing: whoever looks at the box is near and upright
    as a rule, and found by the first at a fifth of the cost. models/RUNS.md says what each step adds.
    """

    def __init__(self, detector: str, least: float) -> None:
        path = CASCADES / detector
        self._cascade = cv2.CascadeClassifier()
        with contextlib.suppress(OSError), named(path) as name:
            self._cascade.load(name)
        if self._cascade.empty():
            raise ModelError(f"{path}: no such cascade in opencv-python-headless; it needs a version below 5")
        upright = ((NEAR,), (Search(least),)) if least < NEAR.least else ((Search(least),),)
        # To both sides, for a head that is turned the wrong way shows a smaller face that is none.
        self._steps = (*upright, (Search(least, tilt=LEAN), Search(least, tilt=-LEAN)))

    def find(self, frame: NDArray[np.uint8], last: Face | None = None) -> Face | None:
        """last: the face of the frame before; it is looked for there first.

        frame: uint8, (height, width); in one of any other kind or shape there is no face.
        """
        if frame.ndim != 2 or frame.dtype != np.uint8 or max(frame.shape) >= LARGEST:
            return None
        if last and (face := self._again(frame, last)):
            return face
        for step in self._steps:
            faces = [face for search in step if (face := self._run(search, frame))]
            if faces:
                return max(faces, key=lambda face: face.width)
        return None

    def _again(self, frame: NDArray[np.uint8], last: Face) -> Face | None:
        """`last` in the next frame: near where it was, about as large, turned alike."""
        reach = round(last.width * AROUND)
        left, top = max(0, last.x - reach), max(0, last.y - reach)
        right, bottom = max(0, last.x + last.width + reach), max(0, last.y + last.height + reach)
        part = frame[top:bottom, left:right]
        if not part.size:
            return None  # pictures in a folder are not all of the same size
        least = LIKE * last.height / part.shape[0]
        face = self._run(Search(least, tilt=last.tilt), part)
        return face and face._replace(x=face.x + left, y=face.y + top)

    def _run(self, search: Search, frame: NDArray[np.uint8]) -> Face | None:
        least = search.least * frame.shape[0]
        if not least:
            return None
        scale = min(1.0, search.window / least)  # a picture made larger shows no more
        size = max(SMALLEST, round(least * scale))
        if round(scale * min(frame.shape)) < size:
            return None  # there is no room for a face
        picture = _lightened(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        height, width = picture.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), search.tilt, 1)
        if search.tilt:
            picture = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        boxes = self._cascade.detectMultiScale(
            picture, scaleFactor=search.step, minNeighbors=search.neighbours, minSize=(size, size)
        )
        if not len(boxes):
            return None
        x, y, side = max(np.asarray(boxes)[:, :3].tolist(), key=lambda box: box[2])
        middle = cv2.invertAffineTransform(turn) @ (x + side / 2, y + side / 2, 1)
        left, top = (middle - side / 2) / scale
        return Face(round(left), round(top), round(side / scale), round(side / scale), search.tilt)


def _lightened(picture: Any) -> Any:
    """A dark picture as if there had been more light, since a cascade misses one face in ten in the dark.

    Equalising finds no more of them, and a dozen in the blotches of a bare wall.
    """
    mean = float(np.clip(picture.mean(), 1, LIT))
    exponent = max(math.log(LIT / 255) / math.log(mean / 255), 0.5)
    return cv2.LUT(picture, (255 * np.linspace(0, 1, 256) ** exponent).astype(np.uint8))


def cut(frame: NDArray[np.uint8], face: Face, crop: Crop, side: int) -> NDArray[np.uint8]:
    """The square around `face`, upright, as a model's card wants it, uint8 (side, side).

    What lies outside of the frame repeats its edge.
    """
    size = max(1, math.floor(max(face.width, face.height) * (1 + crop.margin)))
    middle = (face.x + face.width / 2 - 0.5, face.y + face.height / 2 - 0.5)
    turn = np.asarray(cv2.getRotationMatrix2D(middle, face.tilt, 1), dtype=np.float64)
    turn[:, 2] += (size - 1) / 2 - np.array(middle)
    square = cv2.warpAffine(frame, turn, (size, size), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    return evened(np.asarray(small, dtype=np.uint8), crop.light)
