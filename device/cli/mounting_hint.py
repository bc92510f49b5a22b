"""Tells the owner of a box whose camera is mounted upside down, or on its side, which setting helps."""

from __future__ import annotations

from device.config.settings import Settings
from device.mood import Face
from device.vision.cameras.mounting import rotated
from device.vision.detector import FaceDetector
from device.vision.frame import Frame
from device.vision.model_card import Card

LARGER = 1.3  # times: an upside-down face often holds a small false one, which is upright


def mounting_hint(frame: Frame, card: Card, settings: Settings, found: Face | None = None) -> str | None:
    """Return which `camera.rotate` helps, if a rotated frame shows a face and `frame` none, or a smaller one.

    Args:
        frame: As a camera with `settings.camera` gives it.
        card: Names the cascade.
        settings: What `frame` was already rotated and mirrored by, and the smallest face.
        found: The face that a look has found in `frame`. If the cascade alone finds it, too, it is upright,
            and the rotated frames are not searched.
    """
    # The cascade alone, because the network takes an upside-down face for one, too.
    detector = FaceDetector(card.crop.detector, settings.look.min_face)

    def width(degrees: int) -> int:
        face = detector.detect(rotated(frame, degrees))
        return face.width if face else 0

    upright = width(0)
    if found and found.width <= LARGER * upright:
        return None
    widths = {degrees: width(degrees) for degrees in (90, 180, 270)}
    further = max(widths, key=lambda degrees: widths[degrees])
    if widths[further] <= LARGER * upright:
        return None
    mounting = settings.camera
    rotate = (mounting.rotate + (-further if mounting.mirror else further)) % 360
    return f"the face seems to be upright only in the rotated frame: try rotate = {rotate} in [camera]"
