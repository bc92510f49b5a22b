"""A frame: one picture, or one moment of a camera, in grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

Frame = NDArray[np.uint8]
"""uint8, (height, width). A frame without a pixel stands for unusable input: no face is detected in it."""

MAX_SIDE = 640  # pixels: larger pictures and videos are scaled down to this, unless the settings want more


def to_grey(picture: Any) -> Frame:
    """Convert what a camera's library returns: grey, BGR or BGRA, with 8 or 16 bits a channel.

    Anything else becomes a frame without a pixel.
    """
    values = np.asarray(picture)
    if values.dtype == np.uint16:
        values = (values >> 8).astype(np.uint8)
    if values.dtype != np.uint8 or not values.size:
        return empty_frame()
    match values.shape:
        case (_, _):
            return values
        case (_, _, 1):
            return values[..., 0]
        case (_, _, 3):
            return np.asarray(cv2.cvtColor(values, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        case (_, _, 4):
            return np.asarray(cv2.cvtColor(values, cv2.COLOR_BGRA2GRAY), dtype=np.uint8)
    return empty_frame()


def empty_frame() -> Frame:
    """A frame without a pixel."""
    return np.zeros((0, 0), np.uint8)


def scaled_down(frame: Frame, max_side: int = MAX_SIDE) -> Frame:
    """`frame` with at most `max_side` pixels in either direction, and at least one if it has any."""
    if not frame.size:
        return empty_frame()
    if max(frame.shape) <= max_side:
        return frame
    scale = max_side / max(frame.shape)
    height, width = (max(1, round(scale * side)) for side in frame.shape)
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
