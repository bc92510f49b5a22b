"""Frames of 640x480 as a camera might deliver them: a photo of a face somewhere, under a condition.

A condition is applied to the whole frame, since poor light or a blurred lens affect all of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data import augmentation
from converter.errors import DataError
from converter.measure.photos import Photo
from device.errors import CameraError
from device.mood import Face
from device.printable import printable
from device.vision.opencv import cv2
from device.vision.pictures import read_picture

WIDTH, HEIGHT = 640, 480
FACE_HEIGHTS = (60, 240)  # pixels: range of the height of a face in a frame, uniform in its logarithm
FACE_SHARE = 0.84  # median height of the detector's box in the photos, as a share of the photo's height
MAX_ASPECT = 8  # how many times as wide as high, or as high as wide, a photo may be
# A detector's box is in the right place if its centre is at most so far from that of the placed face, as a
# share of the face's height, and its height is at most so many times larger or smaller.
MAX_DISTANCE = 0.5
MAX_RATIO = 2.0

Frame = NDArray[np.uint8]
Condition = Callable[["Scene", np.random.Generator], Frame]


@dataclass(frozen=True)
class Scene:
    """A frame with a face in it.

    Attributes:
        frame: uint8, (HEIGHT, WIDTH).
        x: centre of the face in pixels.
        y: centre of the face in pixels.
        face: its height in pixels.
        background: float32, (HEIGHT, WIDTH): how much of each pixel, 0-1, is background and not the photo.
    """

    frame: Frame
    x: float
    y: float
    face: float
    background: NDArray[np.float32]

    def is_face(self, box: Face) -> bool:
        """Whether a detector's box is where the face was placed, and about as large."""
        distance = math.hypot(box.x + box.width / 2 - self.x, box.y + box.height / 2 - self.y)
        ratio = box.height / self.face
        return distance <= MAX_DISTANCE * self.face and 1 / MAX_RATIO <= ratio <= MAX_RATIO


def scene(photo: Frame, face: float, generator: np.random.Generator) -> Scene:
    """Place `photo` at random in a frame, on a blurred background, so that its face is `face` pixels high.

    The edge of the photo fades out: a sharp one would show the detector a rectangle that no camera gives.
    """
    scale = face / FACE_SHARE / photo.shape[0]
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:HEIGHT, :WIDTH]
    height, width = small.shape
    x, y = (int(generator.integers(0, most + 1)) for most in (WIDTH - width, HEIGHT - height))
    # The photo upside down, so that the background contains no second face.
    behind = _blur(cv2.resize(photo[::-1], (WIDTH, HEIGHT)), 40)
    extended = cv2.copyMakeBorder(small, y, HEIGHT - y - height, x, WIDTH - x - width, cv2.BORDER_REPLICATE)
    rim = round(0.15 * height)
    weight = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.rectangle(weight, (x - rim, y - rim), (x + width + rim, y + height + rim), (1.0,), cv2.FILLED)
    weight = _blur(weight, rim / 2)
    weight[y : y + height, x : x + width] = 1
    frame = behind + weight * (extended.astype(np.float32) - behind)
    return Scene(_as_grey(frame), x + width / 2, y + height / 2, face, 1 - weight)


def _blur(values: NDArray[Any], deviation: float) -> NDArray[np.float32]:
    """A Gaussian blur; a wide one is done on a smaller image, as it took most of the time at full size."""
    shrink = max(1, round(deviation / 4))
    size = (values.shape[1] // shrink, values.shape[0] // shrink)
    small = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), deviation / shrink)
    return np.asarray(cv2.resize(small, values.shape[::-1]), dtype=np.float32)


def _as_grey(values: NDArray[Any]) -> Frame:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def _clean(scene: Scene, generator: np.random.Generator) -> Frame:
    return scene.frame


def _dark(gamma: float, brightness: float, noise: float) -> Condition:
    """Less light, the shadows darkest, and the noise of a sensor with high gain; noise in grey levels."""

    def apply(scene: Scene, generator: np.random.Generator) -> Frame:
        return augmentation.dim(scene.frame, gamma, brightness, noise, generator)

    return apply


def _back_light(scene: Scene, generator: np.random.Generator) -> Frame:
    """A window behind the face: the background is white, the face is dim, its edge is lost in the glare."""
    glare = _blur(scene.background, scene.face / 4)
    return _as_grey(0.4 * scene.frame + 20 + 235 * np.maximum(scene.background, 0.6 * glare))


def _blurred(scene: Scene, generator: np.random.Generator) -> Frame:
    """Out of focus: a blur with a standard deviation of a thirtieth of the face."""
    return np.asarray(cv2.GaussianBlur(scene.frame, (0, 0), scene.face / 30), dtype=np.uint8)


def _turned(degrees: float) -> Condition:
    """The head leans by so much to either side."""

    def apply(scene: Scene, generator: np.random.Generator) -> Frame:
        angle = float(generator.choice((-degrees, degrees)))
        rotation = cv2.getRotationMatrix2D((scene.x, scene.y), angle, 1)
        frame = cv2.warpAffine(scene.frame, rotation, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(frame, dtype=np.uint8)

    return apply


def _quarter_covered(scene: Scene, generator: np.random.Generator) -> Frame:
    """One quarter of the face, upper or lower, left or right, is behind a plain surface."""
    frame = scene.frame.copy()
    half = scene.face / 2
    left, top = scene.x - half * generator.integers(0, 2), scene.y - half * generator.integers(0, 2)
    corner, opposite = (round(left), round(top)), (round(left + half), round(top + half))
    cv2.rectangle(frame, corner, opposite, (int(generator.integers(40, 216)),), cv2.FILLED)
    return frame


CONDITIONS: dict[str, Condition] = {
    "clean": _clean,
    "dim": _dark(gamma=1.6, brightness=0.85, noise=3),
    "dark": _dark(gamma=2.5, brightness=0.7, noise=6),
    "very dark": _dark(gamma=3.0, brightness=0.5, noise=8),
    "back light": _back_light,
    "blurred": _blurred,
    "turned by 10°": _turned(10),
    "turned by 20°": _turned(20),
    "a quarter covered": _quarter_covered,
}
SMALL_FACE = "face of 40 px"
TWO_PEOPLE = "two people"
NAMES = (*CONDITIONS, SMALL_FACE, TWO_PEOPLE)


def scenes(photos: Sequence[Photo], condition: str) -> Iterator[Scene]:
    """Yield a scene for each photo: the same one at each call, and the same place under every condition.

    In a scene with two people the face is that of the nearer one.

    Raises:
        DataError: a photo cannot be read.
    """
    for number, photo in enumerate(photos):
        picture = _read(photo.path)
        generator = np.random.default_rng(photo.seed)
        face = float(np.exp(generator.uniform(*np.log(FACE_HEIGHTS))))
        if condition == TWO_PEOPLE:
            other = photos[(number + len(photos) // 2) % len(photos)]
            yield _two_people(picture, _read(other.path), generator)
        else:
            placed = scene(picture, 40 if condition == SMALL_FACE else face, generator)
            frame = CONDITIONS.get(condition, _clean)(placed, generator)
            yield dataclasses.replace(placed, frame=frame)


def _read(path: Path) -> Frame:
    try:
        picture = read_picture(path)
    except CameraError as error:
        raise DataError(str(error)) from error
    height, width = picture.shape
    if not 1 / MAX_ASPECT < width / height < MAX_ASPECT:
        raise DataError(f"{printable(path)}: {width}x{height} pixels; expected a photo of somebody's head")
    return picture


def _two_people(near: Frame, far: Frame, generator: np.random.Generator) -> Scene:
    """One person near, with a face of 200 px, in one half of the frame; one with 110 px in the other."""
    halves = []
    for picture, face in ((near, 200.0), (far, 110.0)):
        placed = scene(picture, face, generator)
        left = round(min(max(placed.x - WIDTH / 4, 0), WIDTH / 2))
        columns = slice(left, left + WIDTH // 2)
        halves.append(
            Scene(placed.frame[:, columns], placed.x - left, placed.y, face, placed.background[:, columns])
        )
    nearer = halves[0]
    is_left = generator.random() < 0.5
    ordered = halves if is_left else halves[::-1]
    return Scene(
        np.hstack([half.frame for half in ordered]),
        nearer.x + (0 if is_left else WIDTH // 2),
        nearer.y,
        nearer.face,
        np.hstack([half.background for half in ordered]),
    )
