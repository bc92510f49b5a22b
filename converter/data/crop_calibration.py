"""How FER2013's pictures sit around the box that the box's own detector draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.errors import DataError
from device.mood import Face
from device.vision.detector import FaceDetector
from device.vision.opencv import cv2

DETECTOR = "haarcascade_frontalface_default.xml"
PICTURES = 1000
ENLARGED = 4  # times: the detector searches with a window of at least 24 pixels
PADDED = 0.5  # of the side, on each side: FER2013 cuts so close that many boxes reach beyond the picture
MARGIN = 0.1  # of a training square; the augmentation's scale goes to both sides of it
SMALLEST = 0.2  # of the padded side: a smaller box is not the face but a part of it


@dataclass(frozen=True)
class Framing:
    """The margin is the median of side of the picture / side of the box - 1.

    lower, upper: the margins' quartiles. pictures: how many were searched, `found` of them with a face.
    """

    detector: str
    margin: float
    lower: float
    upper: float
    pictures: int
    found: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(images: NDArray[np.uint8], seed: int, count: int = PICTURES) -> Framing:
    """The framing of `count` pictures drawn from `images`, uint8 (n, side, side).

    With the margin that comes out, the device's crops frame a face as the pictures do that the network
    learned from. Raises DataError if there is no face in any of them.
    """
    drawn = np.random.default_rng(seed).choice(len(images), min(count, len(images)), replace=False)
    side = images.shape[1] * ENLARGED
    margins = [side / max(face.width, face.height) - 1 for face in _faces(images[drawn]) if face]
    if not margins:
        raise DataError(f"{DETECTOR} finds no face in {len(drawn)} pictures of Training: no margin to be had")
    lower, margin, upper = (round(float(m), 2) for m in np.percentile(margins, (25, 50, 75)))
    return Framing(DETECTOR, margin, lower, upper, pictures=len(drawn), found=len(margins))


def squares(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The square around each face as the device cuts it, (n, 3): its centre and side in pixels of `images`.

    The whole picture where the detector finds no face.
    """
    size = images.shape[1]
    return np.array([_square(face, size) for face in _faces(images)], dtype=np.float32)


def _faces(images: NDArray[np.uint8]) -> Iterator[Face | None]:
    """Where the detector sees each face, in pixels of the picture enlarged and padded."""
    finder = FaceDetector(DETECTOR, SMALLEST)
    for image in images:
        yield finder.detect(_enlarged(image))


def _square(face: Face | None, size: int) -> tuple[float, float, float]:
    if face is None:
        return (size - 1) / 2, (size - 1) / 2, size
    x, y = (
        (corner + length / 2) / ENLARGED - size * PADDED - 0.5
        for corner, length in ((face.x, face.width), (face.y, face.height))
    )
    return x, y, max(face.width, face.height) / ENLARGED * (1 + MARGIN)


def _enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    pad = round(large.shape[0] * PADDED)
    padded = cv2.copyMakeBorder(large, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    return np.asarray(padded, dtype=np.uint8)
