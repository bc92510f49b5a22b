"""Crops made alike in light, so that a dim room and a bright one look the same to the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.vision.model_card import Light
from device.vision.opencv import cv2

MEAN, DEVIATION = 128, 64


def normalize(crop: NDArray[np.uint8], light: Light) -> NDArray[np.uint8]:
    """crop: uint8, (side, side); the result is of the same kind."""
    if light is Light.EQUALISED:
        return np.asarray(cv2.equalizeHist(crop), dtype=np.uint8)
    if light is Light.STRETCHED:
        mean, deviation = cv2.meanStdDev(crop)
        gain = DEVIATION / max(float(deviation[0, 0]), 4.0)
        return np.asarray(
            cv2.addWeighted(crop, gain, crop, 0, MEAN - gain * float(mean[0, 0])), dtype=np.uint8
        )
    return crop


def normalize_all(crops: NDArray[np.uint8], light: Light) -> NDArray[np.uint8]:
    """crops: uint8, (n, side, side); the result is a new array of the same kind."""
    return np.stack([normalize(crop, light) for crop in crops])
