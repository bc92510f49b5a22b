"""Faces in a frame by OpenCV's Haar cascade, and the crop around one."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.eyes.card import Crop
from device.mood import Face

CASCADES = Path(cv2.__file__).parent / "data"


class FaceFinder:
    """Finds the largest face of at least `min_face` pixels."""

    def __init__(self, detector: str, min_face: int) -> None:
        path = CASCADES / detector
        # Asked first: OpenCV prints a page of its own about a missing file.
        self._cascade = cv2.CascadeClassifier(str(path)) if path.is_file() else cv2.CascadeClassifier()
        if self._cascade.empty():
            raise ModelError(f"{path}: no such cascade in opencv-python-headless; it needs a version below 5")
        self._min_size = (min_face, min_face)

    def find(self, frame: NDArray[np.uint8]) -> Face | None:
        """frame: uint8, (height, width)."""
        found = self._cascade.detectMultiScale(frame, scaleFactor=1.1, minNeighbors=5, minSize=self._min_size)
        faces = [Face(*map(int, box)) for box in found]
        return max(faces, key=lambda face: face.width * face.height, default=None)


def cut(frame: NDArray[np.uint8], face: Face, crop: Crop, side: int) -> NDArray[np.uint8]:
    """The square around `face` as a model's card wants it, uint8 (side, side).

    What lies outside of the frame repeats its edge.
    """
    size = max(face.width, face.height) * (1 + crop.margin)
    left = round(face.x + face.width / 2 - size / 2)
    top = round(face.y + face.height / 2 - size / 2)
    length = max(1, math.floor(size))
    rows = np.clip(np.arange(top, top + length), 0, frame.shape[0] - 1)
    columns = np.clip(np.arange(left, left + length), 0, frame.shape[1] - 1)
    square = frame[rows[:, np.newaxis], columns]
    return np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
