"""Tells the owner of a box whose camera is mounted upside down, or on its side, which setting helps."""

from __future__ import annotations

from device.config.settings import Settings
from device.errors import ModelError
from device.mood import Face
from device.vision.cameras.rotation import RotatedFrames, is_upright, needed_rotation
from device.vision.frame import Frame
from device.vision.model_card import Card


def mounting_hint(frame: Frame, card: Card, settings: Settings, found: Face | None = None) -> str | None:
    """Return which `camera.rotate` helps, if a rotated frame shows a face and `frame` none, or a smaller one.

    Without the cascade, which a look may do without, it returns why nothing can be said.

    Args:
        frame: As a camera with `settings.camera` gives it.
        card: Names the cascade.
        settings: What `frame` was already rotated and mirrored by, and the smallest face.
        found: The face that a look has found in `frame`. If the cascade alone finds it, too, it is upright,
            and the rotated frames are not searched.
    """
    try:
        rotations = RotatedFrames(card, settings.look.min_face)
    except ModelError as error:
        return f"how the camera is mounted cannot be told: {error}"
    upright = rotations.face_width(frame, 0)
    if is_upright(found, upright):
        return None
    further = needed_rotation(
        {0: upright} | {degrees: rotations.face_width(frame, degrees) for degrees in (90, 180, 270)}
    )
    if not further:
        return None
    mounting = settings.camera
    rotate = (mounting.rotate + (-further if mounting.mirror else further)) % 360
    return f"the face seems to be upright only in the rotated frame: try rotate = {rotate} in [camera]"
