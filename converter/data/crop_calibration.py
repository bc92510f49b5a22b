"""Measures how closely FER2013 crops faces, in terms of the boxes that the device's detector draws.

The device cuts a square around the detector's box. The margin of that square has to match the crops that the
network learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.errors import DataError
from converter.progress import timed
from device.mood import Face
from device.vision.detector import FaceDetector
from device.vision.opencv import cv2

DETECTOR = "haarcascade_frontalface_default.xml"
SAMPLE_SIZE = 1000
ENLARGEMENT = 4  # the detector's smallest window is 24 pixels: it would miss faces in images of 48
PADDING = 0.5  # of the side, on each side: FER2013 crops so closely that many boxes extend beyond the image
TRAINING_MARGIN = 0.1  # of a training crop; the augmentation scales it up and down from there
SEARCHING = (
    "finding the face in each of {} training images as the box does, to learn from crops like the box's"
)
MIN_FACE = 0.2  # of the padded side: a smaller box is a part of the face and not the face


@dataclass(frozen=True)
class CropCalibration:
    """The margin that reproduces FER2013's crops: side of the image / side of the detector's box - 1.

    Attributes:
        detector: file name of the cascade.
        margin: the median.
        lower: first quartile.
        upper: third quartile.
        pictures: how many images were searched.
        found: in how many of them the detector found a face.
    """

    detector: str
    margin: float
    lower: float
    upper: float
    pictures: int
    found: int

    def as_dict(self) -> dict[str, Any]:
        """Return the card's entry `framing`."""
        return asdict(self)


def measure(images: NDArray[np.uint8], seed: int, count: int = SAMPLE_SIZE) -> CropCalibration:
    """Measure the margin on a random sample.

    Args:
        images: uint8, (n, side, side).
        seed: seed of the sample.
        count: size of the sample, at most n.

    Raises:
        DataError: the detector finds no face in the whole sample.
    """
    sample = np.random.default_rng(seed).choice(len(images), min(count, len(images)), replace=False)
    side = images.shape[1] * ENLARGEMENT
    margins = [side / max(face.width, face.height) - 1 for face in _faces(images[sample]) if face]
    if not margins:
        raise DataError(
            f"{DETECTOR} finds no face in {len(sample)} images of Training, so the crop margin is unknown; "
            "check that the images show faces"
        )
    lower, margin, upper = (round(float(m), 2) for m in np.percentile(margins, (25, 50, 75)))
    return CropCalibration(DETECTOR, margin, lower, upper, pictures=len(sample), found=len(margins))


def face_squares(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Find the square that the device would cut around each face, and say how long that takes.

    Args:
        images: uint8, (n, side, side).

    Returns:
        float32, (n, 3): centre x, centre y and side in pixels of `images`; the whole image where the detector
        finds no face.
    """
    size = images.shape[1]
    found = timed(_faces(images), len(images), SEARCHING.format(len(images)))
    return np.array([_square(face, size) for face in found], dtype=np.float32)


def _faces(images: NDArray[np.uint8]) -> Iterator[Face | None]:
    """The detector's box in each image, in pixels of the image enlarged and padded."""
    detector = FaceDetector(DETECTOR, MIN_FACE)
    for image in images:
        yield detector.detect(_enlarge(image))


def _square(face: Face | None, size: int) -> tuple[float, float, float]:
    if face is None:
        return (size - 1) / 2, (size - 1) / 2, size
    x, y = (
        (corner + length / 2) / ENLARGEMENT - size * PADDING - 0.5
        for corner, length in ((face.x, face.width), (face.y, face.height))
    )
    return x, y, max(face.width, face.height) / ENLARGEMENT * (1 + TRAINING_MARGIN)


def _enlarge(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    large = cv2.resize(image, None, fx=ENLARGEMENT, fy=ENLARGEMENT, interpolation=cv2.INTER_CUBIC)
    pad = round(large.shape[0] * PADDING)
    padded = cv2.copyMakeBorder(large, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    return np.asarray(padded, dtype=np.uint8)
