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
        assert events.get(timeout=60).session == session
        with pytest.raises(Empty):
            events.get(timeout=0.05)
        capture.request_frame()
    events.get(timeout=60)
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
    assert isinstance(events.get(timeout=60), FrameCaptured)
    capture.request_frame()
    assert events.get(timeout=60) == CaptureEnded(session)


@pytest.mark.parametrize("error", [CameraError("the cable is out"), RuntimeError("the cable is out")])
def test_a_camera_that_fails_ends_the_session_whatever_it_raises(error: Exception) -> None:
    def broken() -> Camera:
        raise error

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(broken, events.put)
    assert events.empty()
    assert capture.start() == 1
    assert events.get(timeout=60) == CaptureEnded(1, "the cable is out")


@pytest.mark.parametrize("error", [KeyError("Id"), SystemExit(1)])
def test_an_internal_error_in_the_capture_thread_is_reported_with_its_type(error: BaseException) -> None:
    def broken() -> Camera:
        raise error

    events: SimpleQueue[Any] = SimpleQueue()
    Capture(broken, events.put).start()
    error_line = events.get(timeout=60).error
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
    while events.get(timeout=60).session != 3:
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
    while events.get(timeout=60).session != last:
        pass
    assert len(opened) == 2
    capture.close()


class StuckCamera:
    """Cameras of which some never give a frame, as after a fault of the driver."""

    def __init__(self, *stuck: int) -> None:
        self.stuck = stuck
        self.opened = 0
        self.errors: dict[int, Exception] = {}
        self.released = threading.Event()

    def __call__(self) -> Camera:
        self.opened += 1
        if error := self.errors.get(self.opened):
            raise error
        camera = CountingCamera()
        if self.opened in self.stuck:
            camera.not_hanging = self.released
        return camera


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.vision.cameras.capture.CLOSE_TIMEOUT_S", 0.2)


def end_of(events: SimpleQueue[Any], session: int) -> str | None:
    """The error with which the session ends."""
    while (event := events.get(timeout=60)) != CaptureEnded(session, getattr(event, "error", None)):
        pass
    return event.error  # type: ignore[no-any-return]


@pytest.mark.usefixtures("impatient")
def test_a_camera_that_never_comes_back_is_given_up_and_opened_anew() -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    cameras = StuckCamera(1)
    capture = Capture(cameras, events.put)
    capture.start()
    eventually(lambda: cameras.opened)
    for _ in range(3):  # and again at each later observation
        session = capture.start()
        event = events.get(timeout=60)
        assert isinstance(event, FrameCaptured)
        assert event.session == session
    capture.close()
    cameras.released.set()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("second", ["hangs as well", "cannot be opened"])
@pytest.mark.parametrize("restarts", [True, False])
def test_if_a_new_one_fails_too_the_box_is_asked_to_restart(second: str, restarts: bool) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    asked: list[str] = []

    def restart(reason: str) -> bool:
        asked.append(reason)
        return restarts

    cameras = StuckCamera(1, 2)
    if second == "cannot be opened":
        cameras.errors[2] = RuntimeError("Device or resource busy")
    capture = Capture(cameras, events.put, restart)
    capture.start()
    eventually(lambda: cameras.opened == 1)
    session = capture.start()
    eventually(lambda: cameras.opened == 2)
    if second == "hangs as well":
        session = capture.start()
    error = end_of(events, session)
    assert error == "the camera hangs" + (
        ": the box restarts"
        if restarts
        else ": restart the box; if that does not help, pull its plug and put it back"
    )
    assert len(asked) == 1
    assert cameras.opened == 2
    capture.close()
    cameras.released.set()


def fail_if_asked(reason: str) -> bool:
    raise AssertionError(reason)


@pytest.mark.usefixtures("impatient")
def test_a_camera_that_comes_back_late_is_no_reason_to_restart() -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    cameras = StuckCamera(1)
    cameras.errors[3] = CameraError("the cable is out")
    capture = Capture(cameras, events.put, fail_if_asked)
    capture.start()
    eventually(lambda: cameras.opened)
    session = capture.start()
    assert events.get(timeout=60).session == session
    cameras.released.set()
    eventually(lambda: not capture._hanging())
    assert end_of(events, capture.start()) == "the cable is out"
    capture.close()


def test_a_thread_that_cannot_be_started_ends_the_session_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    events: SimpleQueue[Any] = SimpleQueue()
    capture = Capture(CountingCamera, events.put)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        session = capture.start()
    assert events.get(timeout=60) == CaptureEnded(
        session, "the camera cannot be opened: can't start new thread"
    )
    session = capture.start()
    assert events.get(timeout=60).session == session
    capture.close()
