"""Crops for learning whether a crop shows a face: what the device's detector proposes in drawn-up scenes.

A scene is a picture without people, with a face of FER2013 in it or without one; in some the face is turned,
up to upside down. So some candidates are faces, some lie beside a face or on a part of it, and some are
turned faces or things that look like a face to the cascade.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.augmentation import dim
from converter.data.crop_calibration import DETECTOR, TRAINING_MARGIN
from converter.data.fer2013 import SIDE
from converter.errors import DataError
from converter.progress import timed
from device.errors import CameraError
from device.mood import Face
from device.vision.detector import FaceDetector, crop_face
from device.vision.model_card import Crop
from device.vision.normalization import Normalization
from device.vision.opencv import cv2
from device.vision.pictures import pictures_in, read_picture

WIDTH, HEIGHT = 640, 480
MIN_FACE = 0.08  # of the height: as the device searches by default
FACE_HEIGHTS = (40, 260)  # pixels: range of the height of a face, uniform in its logarithm
SCENES = 6000
SEARCHING = "searching {} scenes as the box does, to learn what only looks like a face"
SHARE_WITH_FACE = 0.6
# Of these. A box whose camera is mounted upside down must see no face, and not one with a wrong mood.
SHARE_TURNED = 0.2
# A candidate is a face if its centre is at most so far away, as a share of the face's height, and its height
# differs by at most this factor. Beyond the second pair it is none. Those between the two are left out.
FACE_LIMITS = (0.25, 1.5)
BESIDE_LIMITS = (0.45, 1.9)

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class FaceCandidates:
    """Crops that the detector proposes.

    Attributes:
        crops: uint8, (n, 48, 48), not normalized.
        is_face: bool, (n,).
    """

    crops: NDArray[np.uint8]
    is_face: NDArray[np.bool_]


def read_backgrounds(folder: Path) -> list[Frame]:
    """Read the pictures without people in `folder`.

    Raises:
        DataError: there are none, or one cannot be read.
    """
    paths = pictures_in(folder)
    if not paths:
        raise DataError(f"{folder}: no pictures; expected a folder of pictures without people")
    try:
        return [read_picture(path) for path in paths]
    except CameraError as error:
        raise DataError(str(error)) from error


def find_candidates(
    faces: NDArray[np.uint8], backgrounds: Sequence[Frame], seed: int, scenes: int = SCENES
) -> FaceCandidates:
    """Collect the detector's candidates in random scenes, and say how long that takes.

    Args:
        faces: uint8, (n, 48, 48): images of Training.
        backgrounds: uint8, (height, width) each: pictures without people.
        seed: of all randomness.
        scenes: how many to draw up.

    Raises:
        DataError: nothing was found, or only faces.
    """
    detector = FaceDetector(DETECTOR, MIN_FACE, verified=True)
    crop = Crop(detector=DETECTOR, margin=TRAINING_MARGIN, normalization=Normalization.NONE)
    crops, is_face = [], []
    for number in timed(range(scenes), scenes, SEARCHING.format(scenes)):
        generator = np.random.default_rng((seed, number))
        frame = _background(backgrounds[generator.integers(len(backgrounds))], generator)
        placed = None
        if generator.random() < SHARE_WITH_FACE:
            frame, placed = _with_face(frame, faces[generator.integers(len(faces))], generator)
            if generator.random() < SHARE_TURNED:
                # By a quarter, a half or three quarters of a turn. Nothing in this frame is an upright face.
                frame, placed = np.ascontiguousarray(np.rot90(frame, generator.integers(1, 4))), None
        frame = _change_light(frame, generator)
        for candidate in _candidates(detector, frame):
            label = _is_face(candidate, placed)
            if label is not None:
                crops.append(crop_face(frame, candidate, crop, SIDE))
                is_face.append(label)
    if len(set(is_face)) < 2:
        raise DataError(
            "the detector proposes no candidates in these pictures, or only faces; name other pictures"
        )
    return FaceCandidates(np.stack(crops), np.array(is_face))


def _candidates(detector: FaceDetector, frame: Frame) -> Iterator[Face]:
    for step in range(detector.step_count):
        yield from (each.face for each in detector.candidates(frame, step))


def _is_face(candidate: Face, placed: Face | None) -> bool | None:
    """Whether `candidate` is the face that was placed; None if it is neither quite that nor beside it."""
    if placed is None:
        return False
    distance = (
        math.hypot(
            candidate.x + candidate.width / 2 - placed.x - placed.width / 2,
            candidate.y + candidate.height / 2 - placed.y - placed.height / 2,
        )
        / placed.height
    )
    ratio = max(candidate.height / placed.height, placed.height / candidate.height)
    if distance <= FACE_LIMITS[0] and ratio <= FACE_LIMITS[1]:
        return abs(candidate.tilt - placed.tilt) <= 20 or None
    return False if distance > BESIDE_LIMITS[0] or ratio > BESIDE_LIMITS[1] else None


def _background(picture: Frame, generator: np.random.Generator) -> Frame:
    """A random part of `picture`, from a third of its size to the whole, at the size of a frame."""
    height, width = picture.shape
    fitting = min(width / WIDTH, height / HEIGHT)
    scale = fitting * float(np.exp(generator.uniform(np.log(1 / 3), 0)))
    part_width, part_height = max(1, int(scale * WIDTH)), max(1, int(scale * HEIGHT))
    x, y = (
        int(generator.integers(0, width - part_width + 1)),
        int(generator.integers(0, height - part_height + 1)),
    )
    part = picture[y : y + part_height, x : x + part_width]
    if generator.random() < 0.5:
        part = part[:, ::-1]
    return np.asarray(cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _with_face(frame: Frame, image: Frame, generator: np.random.Generator) -> tuple[Frame, Face]:
    """Place a face at random, tilted; its edge fades into the frame.

    Returns:
        The frame, and where the detector's box should be.
    """
    size = float(np.exp(generator.uniform(*np.log(FACE_HEIGHTS))))
    tilt = float(generator.normal(0, 10))
    x, y = generator.uniform(size / 2, WIDTH - size / 2), generator.uniform(size / 2, HEIGHT - size / 2)
    zoom = size / image.shape[0]
    matrix = np.asarray(
        cv2.getRotationMatrix2D(((image.shape[0] - 1) / 2,) * 2, tilt, zoom), dtype=np.float64
    )
    matrix[:, 2] += np.array([x, y]) - (image.shape[0] - 1) / 2
    # FER2013's images end at the face. Beyond, their edge is repeated, as hair and shoulders go on.
    wide = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    rim = float(generator.uniform(0.02, 0.25))
    weight: NDArray[Any] = cv2.warpAffine(
        np.ones(image.shape, np.float32), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_CONSTANT
    )
    blurred = _blur(weight, rim * size)
    weight = np.maximum(weight * float(generator.random() < 0.5), np.clip(2 * blurred, 0, 1))
    mixed = _cover(frame + weight * (wide.astype(np.float32) - frame), x, y, size, generator)
    box = Face(round(x - size / 2), round(y - size / 2), round(size), round(size), -tilt)
    return _as_grey(mixed), box


def _cover(
    frame: NDArray[Any], x: float, y: float, size: float, generator: np.random.Generator
) -> NDArray[Any]:
    """Cover a random part of one face in three: a quarter of it, or less."""
    if generator.random() < 1 / 3:
        width, height = (generator.uniform(0.2, 0.5, 2) * size).astype(int).tolist()
        left = int(generator.uniform(x - size / 2, x + size / 2 - width))
        top = int(generator.uniform(y - size / 2, y + size / 2 - height))
        frame[max(0, top) : top + height, max(0, left) : left + width] = generator.uniform(0, 255)
    return frame


def _change_light(frame: Frame, generator: np.random.Generator) -> Frame:
    """Less light in two of five scenes, less contrast in one."""
    kind = generator.random()
    if kind < 0.4:
        gamma, brightness, noise = generator.uniform((1.0, 0.3, 0.0), (3.0, 1.0, 8.0)).tolist()
        return dim(frame, gamma, brightness, noise, generator)
    if kind < 0.6:
        gain, offset = generator.uniform((0.3, 0), (1.0, 120)).tolist()
        return _as_grey(gain * frame.astype(np.float32) + offset)
    return frame


def _blur(values: NDArray[Any], deviation: float) -> NDArray[Any]:
    """A Gaussian blur, on a smaller image, since a wide one takes long at full size."""
    shrink = max(1, round(deviation / 4))
    small = cv2.resize(values, (WIDTH // shrink, HEIGHT // shrink), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.5, deviation / shrink))
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT)))


def _as_grey(values: NDArray[Any]) -> Frame:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)
