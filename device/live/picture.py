"""One frame of the live picture: the picture, and what the box sees in it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from device.live.hints import Hint
from device.mood import Face, Probabilities, most_likely
from device.vision.frame import Frame, scaled_down
from device.vision.opencv import cv2

MAX_SIDE = 480  # pixels of the picture that is sent
QUALITY = 70  # of JPEG, of 100


def forget() -> None:
    """Overwrite what the JPEG encoder has left of pictures on the stack, by a picture of noise."""
    noise = np.random.default_rng(0).integers(0, 256, (MAX_SIDE, MAX_SIDE), np.uint8)
    _encoded(noise)


def _encoded(frame: Frame) -> bytes | None:
    encoded, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes() if encoded else None


def picture(
    frame: Frame,
    face: Face | None,
    probabilities: Probabilities | None,
    threshold: float,
    hints: Sequence[Hint],
) -> dict[str, Any]:
    """Return the frame as the control socket sends it; the face's box is in pixels of the JPEG.

    Args:
        frame: With at least one pixel.
        face: The face in it.
        probabilities: Of each mood of the face.
        threshold: The probability from which on a mood is named.
        hints: What to change.
    """
    small = scaled_down(frame, MAX_SIDE)
    scale = small.shape[1] / frame.shape[1]
    jpeg = _encoded(small)
    mood = most_likely(probabilities) if probabilities else None
    named = mood if mood and probabilities and probabilities[mood] >= threshold else None
    return {
        "jpeg": base64.b64encode(jpeg).decode() if jpeg else None,
        "width": small.shape[1],
        "height": small.shape[0],
        "face": [round(scale * side) for side in face[:4]] if face else None,
        "probabilities": {m: round(p, 3) for m, p in probabilities.items()} if probabilities else None,
        "mood": named,
        "hints": list(hints),
    }
