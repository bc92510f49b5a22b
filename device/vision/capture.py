"""Frames from a camera on a thread of their own, so that a camera that hangs never hangs the box."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import SEE_LOG, CameraError, describe
from device.vision.camera import Camera
from device.vision.frame import Frame

log = logging.getLogger(__name__)

LET_GO = 5.0  # seconds that the camera of an earlier look has to close


@dataclass(frozen=True)
class FrameCaptured:
    look: int
    frame: Frame


@dataclass(frozen=True)
class CaptureEnded:
    """No more frames for this look: the pictures are through (`error` is None), or the camera failed."""

    look: int
    error: str | None = None


class Capture:
    """Posts one frame when opened, and one more each time that it is asked for the next."""

    def __init__(
        self, open_camera: Callable[[], Camera], post: Callable[[FrameCaptured | CaptureEnded], None]
    ) -> None:
        self._open_camera = open_camera
        self._post = post
        self._look = 0
        self._thread: threading.Thread | None = None
        self._camera = threading.Lock()  # held by the look that has it open
        self._wanted = threading.Semaphore(0)
        self._stopped = threading.Event()
        self._told = ""  # of the last camera that failed

    def start(self) -> int:
        """Opens the camera for a new look; its events bear the number that is returned."""
        self.stop()
        self._look += 1
        self._wanted, self._stopped = threading.Semaphore(1), threading.Event()
        self._thread = threading.Thread(
            target=self._run,
            args=(self._look, self._wanted, self._stopped),
            name="camera",
            daemon=True,
        )
        try:
            self._thread.start()
        except RuntimeError as error:  # too many threads, or too little memory
            self._thread = None
            self._post(CaptureEnded(self._look, f"the camera cannot be opened: {error}"))
        return self._look

    def next(self) -> None:
        self._wanted.release()

    def stop(self) -> None:
        """Closes the camera, without waiting for it."""
        self._stopped.set()
        self._wanted.release()

    def close(self) -> None:
        """Closes the camera, and gives it a moment to do so."""
        self.stop()
        if self._thread is not None:
            self._thread.join(timeout=0.5)

    def _run(
        self,
        look: int,
        wanted: threading.Semaphore,
        stopped: threading.Event,
    ) -> None:
        try:
            if not self._camera.acquire(timeout=LET_GO):
                raise CameraError("the camera does not answer: unplug it, or restart the box")
            try:
                if not stopped.is_set():  # else the box was asked to look again meanwhile
                    self._watch(look, wanted, stopped)
            finally:
                self._camera.release()
        except BaseException as error:  # camera libraries raise whatever they like; the box goes on without
            reason, ours = _reason(error)
            known, self._told = self._told, reason
            log.log(logging.ERROR if ours and reason != known else logging.DEBUG, "camera", exc_info=error)
            self._post(CaptureEnded(look, reason))

    def _watch(self, look: int, wanted: threading.Semaphore, stopped: threading.Event) -> None:
        with self._open_camera() as camera:
            while wanted.acquire() and not stopped.is_set():
                frame = camera.read()
                if frame is None:
                    self._post(CaptureEnded(look))
                    return
                self._post(FrameCaptured(look, frame))


def _reason(error: BaseException) -> tuple[str, bool]:
    """What is said of the error, and whether it is a mistake of moodbox's own.

    Elsewhere a library's own words tell enough; a KeyError's do not without its name.
    """
    if isinstance(error, LookupError | TypeError | AttributeError | AssertionError | SystemExit):
        return f"{describe(error)}; {SEE_LOG}", True
    return (str(error).strip().splitlines() or [type(error).__name__])[0], False
