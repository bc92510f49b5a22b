"""Brightness and contrast normalization of crops, so that the network sees a dim room like a bright one."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

TARGET_MEAN, TARGET_DEVIATION = 128, 64
MIN_DEVIATION = 4.0  # limits the gain, which would amplify the noise of a plain crop


class Normalization(StrEnum):
    """How the grey values of a crop are normalized before the network sees them.

    Model cards and the converter's `run.json` store the values.
    """

    NONE = "as is"
    STANDARDIZED = "stretched"  # to a fixed mean and standard deviation
    EQUALIZED = "equalised"  # histogram equalization


def normalize(crop: NDArray[np.uint8], normalization: Normalization) -> NDArray[np.uint8]:
    """Normalize one crop, uint8 (side, side); the result has the same shape and dtype."""
    if normalization is Normalization.EQUALIZED:
        return np.asarray(cv2.equalizeHist(crop), dtype=np.uint8)
    if normalization is Normalization.STANDARDIZED:
        mean, deviation = cv2.meanStdDev(crop)
        gain = TARGET_DEVIATION / max(float(deviation[0, 0]), MIN_DEVIATION)
        return np.asarray(
            cv2.addWeighted(crop, gain, crop, 0, TARGET_MEAN - gain * float(mean[0, 0])), dtype=np.uint8
        )
    return crop


def normalize_all(crops: NDArray[np.uint8], normalization: Normalization) -> NDArray[np.uint8]:
    """Normalize each crop of `crops`, uint8 (n, side, side); the result is a new array of the same kind."""
    return np.stack([normalize(crop, normalization) for crop in crops])
