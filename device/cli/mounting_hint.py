"""Tells the owner of a box whose camera is mounted upside down, or on its side, which setting helps."""

from __future__ import annotations

from device.config import settings
from device.vision.cameras.mounting import rotated
from device.vision.detector import FaceDetector
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer

LARGER = 1.3  # times: an upside-down face often holds a small false one, which is upright


def mounting_hint(frame: Frame, analyzer: FaceAnalyzer, mounting: settings.Camera) -> str | None:
    """Return which `camera.rotate` helps, if a rotated frame shows a face and `frame` none, or a smaller one.

    Args:
        frame: as a camera with `mounting` gives it.
        analyzer: its card names the cascade.
        mounting: what `frame` was already rotated and mirrored by.
    """
    # The cascade alone, because the network takes an upside-down face for one, too.
    detector = FaceDetector(analyzer.card.crop.detector, settings.Look().min_face)
    widths = {}
    for degrees in (0, 90, 180, 270):
        face = detector.detect(rotated(frame, degrees))
        widths[degrees] = face.width if face else 0
    further = max(widths, key=lambda degrees: widths[degrees])
    if widths[further] <= LARGER * widths[0]:
        return None
    rotate = (mounting.rotate + (-further if mounting.mirror else further)) % 360
    return f"the face seems to be upright only in the rotated frame: try rotate = {rotate} in [camera]"
