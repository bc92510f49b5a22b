"""A frame: what one picture, or one moment of a camera, looks like in grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

Frame = NDArray[np.uint8]
"""uint8, (height, width). One without a pixel stands for what could not be seen: no face is found in it."""

LONGEST_SIDE = 640  # pixels: what a picture or a film is made smaller to


def grey(picture: Any) -> Frame:
    """A frame from what a camera's library gives: grey, BGR or BGRA, of 8 or 16 bits a channel.

    Of anything else it makes a frame without a pixel.
    """
    values = np.asarray(picture)
    if values.dtype == np.uint16:
        values = (values >> 8).astype(np.uint8)
    if values.dtype != np.uint8 or not values.size:
        return nothing()
    match values.shape:
        case (_, _):
            return values
        case (_, _, 1):
            return values[..., 0]
        case (_, _, 3):
            return np.asarray(cv2.cvtColor(values, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        case (_, _, 4):
            return np.asarray(cv2.cvtColor(values, cv2.COLOR_BGRA2GRAY), dtype=np.uint8)
    return nothing()


def nothing() -> Frame:
    return np.zeros((0, 0), np.uint8)


def small(frame: Frame) -> Frame:
    """`frame` with at most LONGEST_SIDE pixels in either direction, and at least one if it has any."""
    if not frame.size or max(frame.shape) <= LONGEST_SIDE:
        return frame
    scale = LONGEST_SIDE / max(frame.shape)
    height, width = (max(1, round(scale * side)) for side in frame.shape)
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
