"""Faces turned, scaled, shifted and mirrored, each by its own draw."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How far a face may be moved, each way; drawn evenly."""

    degrees: float = 12.0
    scale: float = 0.12
    shift: float = 0.08  # of the side
    flip: bool = True

    def __call__(self, images: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
        """images: (n, side, side), uint8; the result is a new array of the same shape."""
        return np.stack([self._one(image, draw) for image in images])

    def _one(self, image: NDArray[np.uint8], draw: np.random.Generator) -> NDArray[np.uint8]:
        side = image.shape[0]
        centre = (side - 1) / 2
        turned = cv2.getRotationMatrix2D(
            (centre, centre),
            draw.uniform(-self.degrees, self.degrees),
            1 + draw.uniform(-self.scale, self.scale),
        )
        matrix = np.asarray(turned, dtype=np.float64)
        matrix[:, 2] += draw.uniform(-self.shift, self.shift, size=2) * side
        if self.flip and draw.random() < 0.5:
            image = image[:, ::-1]
        moved = cv2.warpAffine(
            image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, dtype=np.uint8)
