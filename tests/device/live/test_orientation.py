from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import Look, Model
from device.live.hints import Hint
from device.live.orientation import ORDER, PAUSE_S, Orientation
from device.mood import Face
from device.vision.cameras.mounting import rotated
from device.vision.cameras.rotation import RotatedFrames
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY, NEUTRAL

EMPTY: Frame = np.zeros((4, 6), np.uint8)
FACE = Face(0, 0, 100, 100, 0.0)
ROUND_S = PAUSE_S * len(ORDER)


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer(Model(), Look())


@pytest.mark.parametrize("picture", [HAPPY, NEUTRAL])
@pytest.mark.parametrize(
    ("mounted", "expected"), [(0, None), (90, Hint.ROTATED), (180, Hint.UPSIDE_DOWN), (270, Hint.ROTATED)]
)
def test_it_tells_how_the_camera_is_mounted(
    analyzer: FaceAnalyzer, picture: Path, mounted: int, expected: Hint | None
) -> None:
    """The box takes some of these turned faces for upright ones."""
    frame = rotated(read_picture(picture), mounted)
    face = analyzer.analyze(frame).face
    orientation = Orientation(RotatedFrames(analyzer.card, Look().min_face).face_width)
    hints = [orientation.hint(frame, face, PAUSE_S * number) for number in range(2 * len(ORDER) + 1)]
    assert hints[-1] == expected
    assert set(hints) <= {None, expected}
    assert orientation.turn == ((360 - mounted) % 360 or None)


def test_it_agrees_twice_before_it_says_so() -> None:
    orientation = Orientation(lambda _, degrees: 100 if degrees == 90 else 0)
    hints = [orientation.hint(EMPTY, None, PAUSE_S * number) for number in range(2 * len(ORDER))]
    assert hints == [None] * (2 * len(ORDER) - 1) + [Hint.ROTATED]


def test_the_hint_ends_when_the_face_is_upright() -> None:
    upright = 270
    orientation = Orientation(lambda _, degrees: 100 if degrees == upright else 0)
    assert [orientation.hint(EMPTY, None, PAUSE_S * number) for number in range(8)][-1] == Hint.ROTATED
    upright = 0
    assert orientation.hint(EMPTY, FACE, PAUSE_S * 8) is None


def test_the_hint_ends_some_time_after_the_face_has_gone() -> None:
    width = 100
    orientation = Orientation(lambda _, degrees: width if degrees == 270 else 0)
    assert [orientation.hint(EMPTY, None, PAUSE_S * number) for number in range(8)][-1] == Hint.ROTATED
    width = 0
    assert [orientation.hint(EMPTY, None, PAUSE_S * number) for number in range(8, 16)][-1] is None


def test_it_searches_once_in_a_while_and_no_more_once_the_face_is_upright() -> None:
    searched: list[float] = []
    now = 0.0
    width = 0

    def face_width(_: Frame, degrees: int) -> int:
        searched.append(now)
        return width if degrees == 0 else 0

    orientation = Orientation(face_width)
    for tick in range(20):
        now = tick * PAUSE_S / 4
        orientation.hint(EMPTY, FACE, now)
    assert all(later - earlier >= PAUSE_S for earlier, later in pairwise(searched))
    assert len(searched) == 5
    width = 100
    for tick in range(20, 20 + 16 * len(ORDER)):
        now = tick * PAUSE_S / 4
        orientation.hint(EMPTY, FACE, now)
    assert len(searched) <= 5 + len(ORDER)
    before = len(searched)
    orientation.hint(EMPTY, None, now + PAUSE_S)  # somebody else may come
    assert len(searched) == before + 1
