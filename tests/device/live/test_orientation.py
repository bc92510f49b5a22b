from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import Look, Model
from device.live.hints import Hint
from device.live.orientation import PAUSE_S, Orientation
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer
from device.vision.pictures import read_picture
from tests.device.conftest import face_only_upright


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer(Model(), Look())


@pytest.mark.parametrize(
    ("quarters", "expected"), [(0, None), (1, Hint.ROTATED), (2, Hint.UPSIDE_DOWN), (3, Hint.ROTATED)]
)
def test_it_tells_how_the_camera_is_mounted(
    analyzer: FaceAnalyzer, quarters: int, expected: Hint | None, tmp_path: Path
) -> None:
    frame = np.ascontiguousarray(np.rot90(read_picture(face_only_upright(tmp_path)), quarters))

    def shows_face(shown: Frame) -> bool:
        return analyzer.analyze(shown).face is not None

    orientation = Orientation(shows_face)
    hints = [orientation.hint(frame, shows_face(frame), PAUSE_S * second) for second in range(12)]
    assert hints[-1] == expected
    assert set(hints) <= {None, expected}
    assert orientation.turn == (90 * quarters if quarters else None)  # the frame was turned the other way


def test_a_face_that_is_found_once_is_no_reason_and_one_in_the_frame_as_it_is_ends_the_hint() -> None:
    found = iter([True, False, True, True])
    orientation = Orientation(lambda _: next(found))
    frame = np.zeros((4, 6), np.uint8)
    hints = [orientation.hint(frame, False, PAUSE_S * second) for second in range(5)]
    assert hints == [None, None, None, None, Hint.ROTATED]
    assert orientation.hint(frame, True, PAUSE_S * 5) is None
    assert orientation.hint(frame, False, PAUSE_S * 5) is None


def test_it_searches_once_in_a_while() -> None:
    searched: list[float] = []
    now = 0.0

    def shows_face(_: Frame) -> bool:
        searched.append(now)
        return False

    orientation = Orientation(shows_face)
    for tick in range(20):
        now = tick * PAUSE_S / 4
        orientation.hint(np.zeros((4, 6), np.uint8), False, now)
    assert all(later - earlier >= PAUSE_S for earlier, later in pairwise(searched))
    assert len(searched) == 4
