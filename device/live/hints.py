"""What to change about the light and the place, judged by one frame."""

from __future__ import annotations

from enum import StrEnum

from device.mood import Face
from device.vision.frame import Frame

DARK, BRIGHT = 45.0, 215.0  # mean grey values, of 255
BACKLIT_FACE = 0.6  # of the frame's mean: a face that is darker than that has the light behind it
FAR, NEAR = 0.14, 0.75  # a face's height, as a share of the frame's
EDGE = 0.12  # of the frame's width: a face's centre that is nearer to the side than this


class Hint(StrEnum):
    """What is wrong."""

    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BACKLIGHT = "backlight"
    TOO_FAR = "too_far"
    TOO_NEAR = "too_near"
    OFF_CENTRE = "off_centre"
    NO_FACE = "no_face"
    UPSIDE_DOWN = "upside_down"
    ROTATED = "rotated"
    CAMERA_OFF = "camera_off"
    CAMERA_FAILS = "camera_fails"


def hints_for(frame: Frame, face: Face | None) -> list[Hint]:
    """Return what to change, the most important first; nothing if all is well.

    Args:
        frame: Any; of a frame without a pixel nothing is said but that there is no face.
        face: The face in it.
    """
    if not frame.size:
        return [Hint.NO_FACE]
    height, width = frame.shape
    mean = float(frame.mean())
    hints = []
    if mean < DARK:
        hints.append(Hint.TOO_DARK)
    elif mean > BRIGHT:
        hints.append(Hint.TOO_BRIGHT)
    if face is None:
        return [*hints, Hint.NO_FACE]
    shown = frame[max(0, face.y) : face.y + face.height, max(0, face.x) : face.x + face.width]
    if shown.size and mean >= DARK and float(shown.mean()) < BACKLIT_FACE * mean:
        hints.append(Hint.BACKLIGHT)
    if face.height < FAR * height:
        hints.append(Hint.TOO_FAR)
    elif face.height > NEAR * height:
        hints.append(Hint.TOO_NEAR)
    if not EDGE * width <= face.x + face.width / 2 <= (1 - EDGE) * width:
        hints.append(Hint.OFF_CENTRE)
    return hints
