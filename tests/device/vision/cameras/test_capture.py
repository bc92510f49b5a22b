from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import pytest

from device.errors import CameraError
from device.vision.camera import Camera, PictureCamera
from device.vision.cameras.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.frame import Frame
from tests.device.conftest import HAPPY
from tests.waiting import eventually


class CountingCamera:
    """A camera that never ends, counts its reads, and can hang."""

    def __init__(self) -> None:
        self.reads = 0
        self.open = False
        self.not_hanging = threading.Event()
        self.not_hanging.set()

    def __enter__(self) -> CountingCamera:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def read(self) -> Frame:
        self.not_hanging.wait()
        self.reads += 1
        return np.zeros((4, 4), np.uint8)


def test_a_session_gives_one_frame_and_then_one_for_each_request() -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    camera = CountingCamera()
    capture = Capture(lambda: camera, events.put)
    session = capture.start()
    for _ in range(3):
        assert events.get(timeout=5).session == session
        with pytest.raises(Empty):
            events.get(timeout=0.05)
        capture.request_frame()
    events.get(timeout=5)
    assert camera.reads == 4
    capture.close()


def test_the_camera_is_open_only_during_a_session() -> None:
    camera = CountingCamera()
    capture = Capture(lambda: camera, lambda event: None)
    assert not camera.open
    capture.start()
    eventually(lambda: camera.open)
    capture.stop()
    eventually(lambda: not camera.open)


def test_a_session_ends_after_the_last_picture() -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(lambda: PictureCamera([HAPPY]), events.put)
    session = capture.start()
    assert isinstance(events.get(timeout=5), FrameCaptured)
    capture.request_frame()
    assert events.get(timeout=5) == CaptureEnded(session)


@pytest.mark.parametrize("error", [CameraError("the cable is out"), RuntimeError("the cable is out")])
def test_a_camera_that_fails_ends_the_session_whatever_it_raises(error: Exception) -> None:
    def broken() -> Camera:
        raise error

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(broken, events.put)
    assert events.empty()
    assert capture.start() == 1
    assert events.get(timeout=5) == CaptureEnded(1, "the cable is out")


@pytest.mark.parametrize("error", [KeyError("Id"), SystemExit(1)])
def test_an_internal_error_in_the_capture_thread_is_reported_with_its_type(error: BaseException) -> None:
    def broken() -> Camera:
        raise error

    events: SimpleQueue[Any] = SimpleQueue()
    Capture(broken, events.put).start()
    error_line = events.get(timeout=5).error
    assert error_line.startswith(f"stopped by an error of moodbox's own ({type(error).__name__}: ")


def test_a_camera_that_hangs_blocks_nothing_else() -> None:
    camera = CountingCamera()
    camera.not_hanging.clear()
    capture = Capture(lambda: camera, lambda event: None)
    capture.start()
    capture.stop()
    capture.close()  # returns
    camera.not_hanging.set()


def test_a_new_session_waits_until_the_camera_of_the_session_before_is_closed() -> None:
    camera = CountingCamera()
    opened: list[bool] = []

    def open_camera() -> Camera:
        opened.append(camera.open)
        return camera

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(open_camera, events.put)
    for session in (1, 2, 3):
        assert capture.start() == session
    while events.get(timeout=5).session != 3:
        pass
    assert not any(opened)
    capture.close()


def test_many_starts_in_a_row_open_the_camera_only_for_the_last() -> None:
    camera = CountingCamera()
    camera.not_hanging.clear()
    opened: list[bool] = []

    def open_camera() -> Camera:
        opened.append(True)
        return camera

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(open_camera, events.put)
    capture.start()
    eventually(lambda: opened)
    for _ in range(20):
        last = capture.start()
    camera.not_hanging.set()
    while events.get(timeout=5).session != last:
        pass
    assert len(opened) == 2
    capture.close()
