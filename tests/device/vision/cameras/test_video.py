"""Webcams, by number or by path, with a stand-in for OpenCV's capture: a test machine has no webcam."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.config.settings import Camera as Chosen
from device.errors import CameraError
from device.vision.camera import camera_factory
from device.vision.cameras import video
from device.vision.opencv import cv2


class Capture:
    """Gives what a webcam that has every size gives; `opened` is what OpenCV was asked to open."""

    opened: list[tuple[Any, ...]]

    def __init__(self, *source: Any) -> None:
        self.opened.append(source)
        self._size = {cv2.CAP_PROP_FRAME_WIDTH: 640.0, cv2.CAP_PROP_FRAME_HEIGHT: 480.0}

    def set(self, what: int, value: float) -> None:
        self._size[what] = value

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def read(self) -> tuple[bool, Any]:
        height, width = (
            int(self._size[what]) for what in (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
        )
        return True, np.zeros((height, width, 3), np.uint8)

    def release(self) -> None:
        pass


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("webcam", "/dev/video0"),
        ("webcam:1", "/dev/video1"),
        ("webcam:/dev/video2", "/dev/video2"),
        ("webcam:/dev/v4l/by-id/usb-Cam-video-index0", "/dev/v4l/by-id/usb-Cam-video-index0"),
    ],
)
def test_a_webcam_is_chosen_by_its_number_or_its_path(
    monkeypatch: pytest.MonkeyPatch, source: str, path: str
) -> None:
    monkeypatch.setattr(Capture, "opened", [], raising=False)
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    with camera_factory(Chosen(source=source, width=1280, height=720, settle=0))() as camera:
        frame = camera.read()
    assert Capture.opened == [(path, cv2.CAP_V4L2)]
    assert frame is not None
    assert frame.shape == (720, 1280)


def test_a_webcam_that_is_not_there_is_answered_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("usb-B_Cam-video-index0", "usb-B_Cam-video-index1", "usb-A_Cam-video-index0"):
        (tmp_path / name).symlink_to("/dev/null")
    monkeypatch.setattr(video, "WEBCAMS", tmp_path)
    for source, name in (("webcam:77", "77 (/dev/video77)"), ("webcam:/dev/video77", "/dev/video77")):
        with pytest.raises(CameraError) as failed:
            camera_factory(Chosen(source=source))()
        assert str(failed.value) == (
            f"no webcam {name}: set camera.source to one that is plugged in: "
            f"webcam:{tmp_path}/usb-A_Cam-video-index0, webcam:{tmp_path}/usb-B_Cam-video-index0"
        )


@pytest.mark.parametrize("name", ["/dev/null", "/dev/none\udcff", "/dev/shm"])
def test_a_path_that_is_no_webcam_is_an_error(name: str) -> None:
    with pytest.raises(CameraError, match=r"no webcam /dev/\w+"):
        camera_factory(Chosen(source=f"webcam:{name}"))()


def test_a_pipe_in_place_of_a_video_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "video.mp4")
    with pytest.raises(CameraError, match="not a regular file"):
        camera_factory(Chosen(source=f"video:{tmp_path / 'video.mp4'}"))()
