from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import pytest

from device.errors import CameraError
from device.vision.camera import Camera, PictureCamera
from device.vision.capture import Capture, CaptureEnded, FrameCaptured
from device.vision.frame import Frame
from tests.device.conftest import HAPPY
from tests.waiting import eventually


class Counting:
    """A camera that never ends, counts what is asked of it, and can hang."""

    def __init__(self) -> None:
        self.reads = 0
        self.open = False
        self.go_on = threading.Event()
        self.go_on.set()

    def __enter__(self) -> Counting:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def read(self) -> Frame:
        self.go_on.wait()
        self.reads += 1
        return np.zeros((4, 4), np.uint8)


def test_it_gives_one_frame_and_then_one_for_each_asking() -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    camera = Counting()
    capture = Capture(lambda: camera, events.put)
    look = capture.start()
    for _ in range(3):
        assert events.get(timeout=5).look == look
        with pytest.raises(Empty):
            events.get(timeout=0.05)
        capture.next()
    events.get(timeout=5)
    assert camera.reads == 4
    capture.close()


def test_the_camera_is_open_only_during_a_look() -> None:
    camera = Counting()
    capture = Capture(lambda: camera, lambda event: None)
    assert not camera.open
    capture.start()
    eventually(lambda: camera.open)
    capture.stop()
    eventually(lambda: not camera.open)


def test_when_the_pictures_are_through_it_says_so() -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(lambda: PictureCamera([HAPPY]), events.put)
    look = capture.start()
    assert isinstance(events.get(timeout=5), FrameCaptured)
    capture.next()
    assert events.get(timeout=5) == CaptureEnded(look)


@pytest.mark.parametrize("error", [CameraError("the cable is out"), RuntimeError("the cable is out")])
def test_a_camera_that_fails_is_told_whatever_it_raises(error: Exception) -> None:
    def broken() -> Camera:
        raise error

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(broken, events.put)
    assert events.empty()
    assert capture.start() == 1
    assert events.get(timeout=5) == CaptureEnded(1, "the cable is out")


@pytest.mark.parametrize("error", [KeyError("Id"), SystemExit(1)])
def test_an_error_of_our_own_in_the_cameras_thread_is_told_by_its_name(error: BaseException) -> None:
    def broken() -> Camera:
        raise error

    events: SimpleQueue[Any] = SimpleQueue()
    Capture(broken, events.put).start()
    said = events.get(timeout=5).error
    assert said.startswith(f"stopped by an error of moodbox's own ({type(error).__name__}: ")


def test_a_camera_that_hangs_hangs_nothing_else() -> None:
    camera = Counting()
    camera.go_on.clear()
    capture = Capture(lambda: camera, lambda event: None)
    capture.start()
    capture.stop()
    capture.close()  # returns
    camera.go_on.set()


def test_a_new_look_waits_until_the_camera_of_the_last_is_closed() -> None:
    camera = Counting()
    opened: list[bool] = []

    def open_camera() -> Camera:
        opened.append(camera.open)
        return camera

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(open_camera, events.put)
    for look in (1, 2, 3):
        assert capture.start() == look
    while events.get(timeout=5).look != 3:
        pass
    assert not any(opened)
    capture.close()


def test_pressing_wildly_opens_the_camera_no_more_than_it_must() -> None:
    camera = Counting()
    camera.go_on.clear()
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
    camera.go_on.set()
    while events.get(timeout=5).look != last:
        pass
    assert len(opened) == 2
    capture.close()
