"""Faces as another moment might have shown them: turned, scaled, shifted, mirrored, in another light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.vision.normalization import Normalization, normalize
from device.vision.opencv import cv2


@dataclass(frozen=True)
class Augmentation:
    """How far a face may be changed, each way; drawn evenly for each face.

    framed: the share of the faces that are cut around the box of the device's detector, where it found one,
    and not as FER2013 cuts them.
    """

    degrees: float = 12.0
    scale: float = 0.12
    shift: float = 0.08  # of the side
    flip: bool = True
    framed: float = 0.0
    contrast: float = 0.0  # of the range of grey; brightness up to half of it
    dim: float = 0.0  # the share of faces as a camera sees them in poor light
    blur: float = 0.0  # the deviation in pixels, at most
    erase: float = 0.0  # the share of faces with a piece covered
    light: Normalization = Normalization.NONE

    def __call__(
        self,
        images: NDArray[np.uint8],
        draw: np.random.Generator,
        boxes: NDArray[np.float32] | None = None,
        side: int | None = None,
    ) -> NDArray[np.uint8]:
        """images: (n, s, s), uint8; boxes: (n, 3), the centre and side of the square around each face, in
        pixels. The result is (n, side, side), a new array.
        """
        size = images.shape[1]
        side = side or size
        whole = np.array([(size - 1) / 2, (size - 1) / 2, size], dtype=np.float32)
        squares = np.broadcast_to(whole, (len(images), 3)).copy()
        if boxes is not None:
            framed = draw.random(len(images)) < self.framed
            squares[framed] = boxes[framed]
        return np.stack(
            [self._one(image, square, side, draw) for image, square in zip(images, squares, strict=True)]
        )

    def _one(
        self, image: NDArray[np.uint8], square: NDArray[np.float32], side: int, draw: np.random.Generator
    ) -> NDArray[np.uint8]:
        return normalize(self._light(self._move(image, square, side, draw), draw), self.light)

    def _move(
        self, image: NDArray[np.uint8], square: NDArray[np.float32], side: int, draw: np.random.Generator
    ) -> NDArray[np.uint8]:
        x, y, length = square.tolist()
        zoom = side / length * np.exp(draw.uniform(-self.scale, self.scale))
        turned = cv2.getRotationMatrix2D((x, y), draw.uniform(-self.degrees, self.degrees), zoom)
        matrix = np.asarray(turned, dtype=np.float64)
        matrix[:, 2] += (side - 1) / 2 - np.array([x, y]) + draw.uniform(-self.shift, self.shift, 2) * side
        if self.flip and draw.random() < 0.5:
            matrix[0] = -matrix[0]
            matrix[0, 2] += side - 1
        moved = cv2.warpAffine(
            image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, dtype=np.uint8)

    def _light(self, image: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
        if self.blur:
            deviation = max(0.1, draw.uniform(0, self.blur))
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), dtype=np.uint8)
        if self.contrast:
            gain, lift = draw.uniform(-self.contrast, self.contrast, 2).tolist()
            image = np.asarray(cv2.convertScaleAbs(image, alpha=1 + gain, beta=127 * lift), dtype=np.uint8)
        if draw.random() < self.dim:
            gamma, light, noise = draw.uniform((1.0, 0.4, 0.0), (2.8, 1.0, 8.0)).tolist()
            image = dimmed(image, gamma, light, noise, draw)
        if draw.random() < self.erase:
            side = image.shape[0]
            width, height = (draw.uniform(0.15, 0.5, 2) * side).astype(int).tolist()
            x, y = int(draw.integers(0, side - width)), int(draw.integers(0, side - height))
            image[y : y + height, x : x + width] = draw.integers(0, 256)
        return image


def dimmed(
    image: NDArray[np.uint8], gamma: float, light: float, noise: float, draw: np.random.Generator
) -> NDArray[np.uint8]:
    """As a sensor sees it in poor light: the shadows darker, a share of the light, noise in grey levels."""
    dark = 255 * light * (image / 255) ** gamma + draw.normal(0, noise, image.shape)
    return np.asarray(np.clip(np.rint(dark), 0, 255), dtype=np.uint8)
