"""`camera.rotate` and `camera.mirror` apply to the frames of every source."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from device.config.settings import Camera as Chosen
from device.vision.camera import camera_factory, frames_of
from device.vision.cameras.mounting import upright
from device.vision.frame import Frame, empty_frame
from tests.device.vision.odd_pictures import encoded

CORNERS = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)


@pytest.mark.parametrize(
    ("rotate", "mirror", "expected"),
    [
        (0, False, [[1, 2, 3], [4, 5, 6]]),
        (90, False, [[4, 1], [5, 2], [6, 3]]),
        (180, False, [[6, 5, 4], [3, 2, 1]]),
        (270, False, [[3, 6], [2, 5], [1, 4]]),
        (0, True, [[3, 2, 1], [6, 5, 4]]),
        (90, True, [[1, 4], [2, 5], [3, 6]]),
    ],
)
def test_a_frame_is_rotated_clockwise_and_then_mirrored(
    rotate: int, mirror: bool, expected: list[list[int]]
) -> None:
    frame = upright(CORNERS, Chosen(rotate=rotate, mirror=mirror))  # type: ignore[arg-type]
    assert frame.tolist() == expected
    assert frame.flags.c_contiguous


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_frame_without_a_pixel_stays_one(rotate: int) -> None:
    assert not upright(empty_frame(), Chosen(rotate=rotate, mirror=True)).size  # type: ignore[arg-type]


def half_bright() -> Frame:
    frame = np.zeros((48, 64), np.uint8)
    frame[:, 32:] = 200
    return frame


def test_pictures_and_videos_are_rotated_and_mirrored(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", half_bright()))
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(cv2.cvtColor(half_bright(), cv2.COLOR_GRAY2BGR))
    writer.release()
    for source in (f"images:{tmp_path}", f"images:{tmp_path}/a.png", f"video:{tmp_path}/a.avi"):
        for rotate, mirror, bright in ((180, False, 0), (0, True, 0), (180, True, 63)):
            chosen = Chosen(source=source, rotate=rotate, mirror=mirror)  # type: ignore[arg-type]
            with camera_factory(chosen)() as camera:
                (frame,) = frames_of(camera)
            assert frame.shape == (48, 64)
            assert frame[:, bright].mean() > 190
            assert frame[:, 63 - bright].mean() < 10
        with camera_factory(Chosen(source=source, rotate=90))() as camera:
            (frame,) = frames_of(camera)
        assert frame.shape == (64, 48)


def test_pictures_and_videos_may_be_as_large_as_the_settings_allow(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", np.zeros((720, 1280), np.uint8)))
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (1280, 720))
    writer.write(np.zeros((720, 1280, 3), np.uint8))
    writer.release()
    for source in (f"images:{tmp_path}", f"images:{tmp_path}/a.png", f"video:{tmp_path}/a.avi"):
        for width, height, shape in ((320, 240, (360, 640)), (1280, 720, (720, 1280))):
            with camera_factory(Chosen(source=source, width=width, height=height))() as camera:
                (frame,) = frames_of(camera)
            assert frame.shape == shape
