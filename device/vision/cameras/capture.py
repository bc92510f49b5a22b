"""Captures frames on a thread of its own, so that a camera that hangs does not block the box.

A thread that does not come back is given up, and the next session opens the camera again. If that fails, too,
the camera may still belong to the thread that hangs, and only another process can have it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import SEE_LOG, CameraError, describe
from device.vision.cameras.base import Camera
from device.vision.frame import Frame

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 5.0  # how long the camera of an earlier session may take to close
SHUTDOWN_TIMEOUT_S = 0.5
HANGS = "the camera hangs"


@dataclass(frozen=True)
class FrameCaptured:
    """A frame of the capture session with this number."""

    session: int
    frame: Frame


@dataclass(frozen=True)
class CaptureEnded:
    """The session gives no more frames.

    error: Of the camera; None if the pictures have ended.
    is_outdated: Neither: from the next session on the camera is another one, or mounted in another way.
    """

    session: int
    error: str | None = None
    is_outdated: bool = False


class Capture:
    """Captures frames in sessions: one frame at the start, then one more for each request."""

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        post: Callable[[FrameCaptured | CaptureEnded], None],
        request_restart: Callable[[str], bool] = lambda reason: False,
    ) -> None:
        """Prepare to capture.

        Args:
            open_camera: Opens the camera.
            post: Takes the events; it is called on the capture thread.
            request_restart: Called with the reason if only another process can have the camera. False if the
                box does not restart for that.
        """
        self._open_camera = open_camera
        self._post = post
        self._request_restart = request_restart
        self._session = 0
        self._thread: threading.Thread | None = None
        self._camera = threading.Lock()  # held by the session that has the camera open
        self._given_up: list[threading.Lock] = []  # of sessions that did not come back
        self._requests = threading.Semaphore(0)
        self._stopped = threading.Event()
        self._last_failure = ""

    def start(self) -> int:
        """End the session before, and start a new one. Its events have the number that is returned."""
        self.stop()
        self._session += 1
        self._requests, self._stopped = threading.Semaphore(1), threading.Event()
        self._thread = threading.Thread(
            target=self._run,
            args=(self._session, self._requests, self._stopped),
            name="camera",
            daemon=True,
        )
        try:
            self._thread.start()
        except RuntimeError as error:  # too many threads, or too little memory
            self._thread = None
            self._post(CaptureEnded(self._session, f"the camera cannot be opened: {error}"))
        return self._session

    @property
    def is_open(self) -> bool:
        """Whether a session has the camera open, opens it, or has not closed it yet."""
        return self._camera.locked() or self._hanging()

    def request_frame(self) -> None:
        """Ask for one more frame, or for the CaptureEnded that takes its place."""
        self._requests.release()

    def stop(self) -> None:
        """End the session without waiting until the camera is closed."""
        self._stopped.set()
        self._requests.release()

    def change_camera(self, open_camera: Callable[[], Camera]) -> None:
        """Open another camera from the next session on. The present session ends, and says so."""
        self._open_camera = open_camera
        if not self._stopped.is_set():
            self.stop()
            self._post(CaptureEnded(self._session, is_outdated=True))

    def close(self) -> None:
        """End the session, and wait a moment until the camera is closed."""
        self.stop()
        if self._thread is not None:
            self._thread.join(timeout=SHUTDOWN_TIMEOUT_S)

    def _run(self, session: int, requests: threading.Semaphore, stopped: threading.Event) -> None:
        try:
            camera = self._locked_camera(stopped)
            try:
                if not stopped.is_set():  # a newer session may have started meanwhile
                    self._capture(session, requests, stopped)
            finally:
                camera.release()
        except BaseException as error:  # camera libraries raise errors of any type; the box must go on
            reason, is_internal = _reason(error)
            if self._hanging() and not stopped.is_set():
                reason = self._without_camera(reason)
            known, self._last_failure = self._last_failure, reason
            log.log(
                logging.ERROR if is_internal and reason != known else logging.DEBUG, "camera", exc_info=error
            )
            self._post(CaptureEnded(session, reason))

    def _locked_camera(self, stopped: threading.Event) -> threading.Lock:
        """Return the lock of the camera, once the session before has closed it or is given up.

        Raises:
            CameraError: Two sessions hang already.
        """
        camera = self._camera
        if camera.acquire(timeout=CLOSE_TIMEOUT_S):
            return camera
        if self._hanging() or stopped.is_set():
            raise CameraError(HANGS)
        log.warning("the camera has not answered for %g s: it is given up, and opened again", CLOSE_TIMEOUT_S)
        self._given_up.append(camera)
        self._camera = threading.Lock()
        self._camera.acquire()
        return self._camera

    def _hanging(self) -> bool:
        """Whether a session that was given up has still not come back."""
        self._given_up = [camera for camera in self._given_up if camera.locked()]
        return bool(self._given_up)

    def _without_camera(self, reason: str) -> str:
        """Ask for a restart. Returns why there is no camera."""
        if self._request_restart(f"the camera hangs ({reason})"):
            return f"{HANGS}: the box restarts"
        return f"{HANGS}: restart the box; if that does not help, pull its plug and put it back"

    def _capture(self, session: int, requests: threading.Semaphore, stopped: threading.Event) -> None:
        with self._open_camera() as camera:
            while requests.acquire() and not stopped.is_set():
                frame = camera.read()
                if frame is None:
                    self._post(CaptureEnded(session))
                    return
                self._post(FrameCaptured(session, frame))


def _reason(error: BaseException) -> tuple[str, bool]:
    """One line about the error, and whether it is a mistake in moodbox itself.

    The message of a library's error is enough; that of a KeyError means nothing without its type.
    """
    if isinstance(error, LookupError | TypeError | AttributeError | AssertionError | SystemExit):
        return f"{describe(error)}; {SEE_LOG}", True
    return (str(error).strip().splitlines() or [type(error).__name__])[0], False
