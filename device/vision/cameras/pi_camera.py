"""The Pi's cameras, by Picamera2."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from device.errors import CameraError
from device.vision.cameras.base import ClosingCamera, let_settle
from device.vision.frame import Frame, to_grey

STREAM = "main"
FRAME_TIMEOUT_S = 3.0  # longer than the box waits for a frame; Picamera2 itself would wait for ever


class PiCamera(ClosingCamera):
    """A camera of the Pi. Grey is the Y plane of a YUV420 stream, so it needs no conversion.

    Raises:
        CameraError: picamera2 is not installed, the Pi has no such camera, it cannot be opened, or it does
            not give frames of this size.
    """

    def __init__(self, number: int, width: int, height: int, settle: float) -> None:
        """Open the camera and discard the frames of the first `settle` seconds."""
        os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:WARN")  # otherwise it logs lines at each opening
        self._camera = _open_picamera2(number)
        try:
            self._configure(width, height)
            self._camera.start()
        except (RuntimeError, OSError) as error:
            self.close()
            advice = (
                "choose a smaller camera.width and camera.height, such as the default 320x240"
                if width * height > 320 * 240
                else "another program may use it, or its memory; if it stays so, `sudo reboot`"
            )
            raise CameraError(f"the Pi's camera cannot give {width}x{height} ({error}): {advice}") from error
        except BaseException:  # whatever it is: while this process has the camera, nobody can open it again
            self.close()
            raise
        let_settle(self, self.read, settle)

    def _configure(self, width: int, height: int) -> None:
        # The stream `lores` could give the same frame, but it may not be larger than `main`, and is distorted
        # if its shape is another one. So `main` is all that is asked for.
        stream = {"size": (width, height), "format": "YUV420"}
        self._camera.configure(self._camera.create_video_configuration(main=stream))
        self._width, self._height = self._camera.camera_configuration()[STREAM]["size"]

    def read(self) -> Frame:
        """The next frame, (height, width), each at most a pixel smaller than what was asked for.

        It is smaller if the camera gives less.

        Raises:
            CameraError: No frame has come in time.
        """
        try:
            array = self._camera.capture_array(STREAM, wait=FRAME_TIMEOUT_S)
        except TimeoutError as error:
            raise CameraError("the Pi's camera gives no frames: is its cable plugged in?") from error
        # Rows are padded to a multiple of 64, and the colour planes follow below the grey rows.
        frame = to_grey(array)
        return frame[: self._height, : self._width]

    def close(self) -> None:
        """Stop the camera and release it."""
        self._camera.close()  # stops it too


def _open_picamera2(number: int) -> Any:
    """Open a Picamera2; if that fails, leave no trace of the attempt.

    Picamera2's constructor opens a pipe before it looks for a camera, and its camera manager keeps the list
    of cameras that it found the first time. There is no public way to undo either, so each retry would leak
    two file descriptors, and a camera that was plugged in later would never be found.
    """
    try:
        from picamera2 import Picamera2  # on a Pi only, and it takes a second to load
    except ImportError as error:
        raise CameraError("picamera2 is missing: sudo apt install python3-picamera2") from error
    camera = Picamera2.__new__(Picamera2)  # made separately, to reach its pipe if __init__ fails
    try:
        camera.__init__(number)
    except (IndexError, RuntimeError, OSError) as error:
        reason = _why_not_opened(number, _models(Picamera2), error)
        _undo_failed_opening(camera)
        raise CameraError(reason) from error
    except Exception:
        _undo_failed_opening(camera)
        raise
    return camera


def _models(picamera2: Any) -> list[str]:
    """The models of the Pi's cameras, by their number."""
    with contextlib.suppress(Exception):  # it only makes a message better
        return [str(camera.get("Model", "unknown")) for camera in picamera2.global_camera_info()]
    return []


def _why_not_opened(number: int, models: list[str], error: Exception) -> str:
    if models and number >= len(models):
        known = ", ".join(f"picamera2:{place} ({model})" for place, model in enumerate(models))
        return f"the Pi has no camera {number}; set camera.source to one that it has: {known}"
    return (
        f"the Pi's camera cannot be opened ({error}): is its cable plugged in, and no other program "
        "using it? `rpicam-hello --list-cameras` lists the cameras that the Pi detects"
    )


def _undo_failed_opening(camera: Any) -> None:
    """The only code that uses private parts of Picamera2; `_open_picamera2` says why it must."""
    with contextlib.suppress(AttributeError):  # a version without these attributes leaks, but works
        camera.notifymeread.close()
        os.close(camera.notifyme_w)
        camera.camera = None
        type(camera)._cm.reset()
