from __future__ import annotations

import numpy as np
import pytest

from device.live.hints import Hint, hints_for
from device.mood import Face
from device.vision.frame import Frame, empty_frame


def frame(grey: int) -> Frame:
    return np.full((240, 320), grey, np.uint8)


def with_face(background: int, face: Face, grey: int) -> Frame:
    made = frame(background)
    made[face.y : face.y + face.height, face.x : face.x + face.width] = grey
    return made


MIDDLE = Face(110, 70, 100, 100)


@pytest.mark.parametrize(
    ("shown", "face", "expected"),
    [
        (frame(110), MIDDLE, []),
        (frame(20), MIDDLE, [Hint.TOO_DARK]),
        (frame(250), MIDDLE, [Hint.TOO_BRIGHT]),
        (with_face(200, MIDDLE, 60), MIDDLE, [Hint.BACKLIGHT]),
        (frame(110), Face(150, 100, 30, 30), [Hint.TOO_FAR]),
        (frame(110), Face(60, 20, 200, 200), [Hint.TOO_NEAR]),
        (frame(110), Face(-20, 70, 100, 100), [Hint.OFF_CENTRE]),
        (frame(20), None, [Hint.TOO_DARK, Hint.NO_FACE]),
        (frame(20), Face(0, 0, 30, 30), [Hint.TOO_DARK, Hint.TOO_FAR, Hint.OFF_CENTRE]),
        (empty_frame(), None, [Hint.NO_FACE]),
    ],
)
def test_it_says_what_to_change(shown: Frame, face: Face | None, expected: list[Hint]) -> None:
    assert hints_for(shown, face) == expected
