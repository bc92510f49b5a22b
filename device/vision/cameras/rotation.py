"""By how much a frame has to be rotated until its face is upright: the cascade alone, and the faces' sizes.

The network is not asked, because it takes an upside-down face for one, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from device.mood import Face
from device.vision.cameras.mounting import rotated
from device.vision.detector import FaceDetector
from device.vision.frame import Frame
from device.vision.model_card import Card

LARGER = 1.3  # times: an upside-down face often holds a small false one, which is upright


class RotatedFrames:
    """Finds the face in a frame that is rotated first."""

    def __init__(self, card: Card, min_face: float) -> None:
        """Load the cascade.

        card: Names it.
        min_face: The smallest face, as a share of the height.

        Raises:
            ModelError: It cannot be loaded.
        """
        self._detector = FaceDetector(card.crop.detector, min_face)

    def face_width(self, frame: Frame, degrees: int) -> int:
        """Return the width in pixels of the largest upright face; 0 if there is none.

        degrees: By which the frame is rotated, clockwise: 0, 90, 180 or 270.
        """
        face = self._detector.detect(rotated(frame, degrees))
        return face.width if face else 0

    def forget_picture(self, frame: Frame, degrees: int) -> None:
        """Overwrite the detector's buffers, which keep what they have seen of such a frame."""
        self._detector.overwrite(np.zeros_like(rotated(frame, degrees)))


def is_upright(found: Face | None, width: int) -> bool:
    """Return whether the face that a look has found is upright, since the cascade alone finds it, too.

    width: In pixels, of the largest face that the cascade finds in the same frame; 0 for none.
    """
    return found is not None and found.width <= LARGER * width


def needed_rotation(widths: Mapping[int, int]) -> int:
    """Return by how many degrees, clockwise, a frame has to be rotated; 0 if it is upright, or has no face.

    widths: In pixels, of the largest face that the cascade finds in the frame rotated by 0, 90, 180 and 270
        degrees; 0 for none.
    """
    best = max(widths, key=lambda degrees: widths[degrees])
    return best if widths[best] > LARGER * widths[0] else 0
