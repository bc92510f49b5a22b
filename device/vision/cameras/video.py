"""Webcams and video files, by OpenCV."""

from __future__ import annotations

import os
from pathlib import Path

from device.errors import CameraError
from device.printable import printable
from device.vision.cameras.base import ClosingCamera, let_settle
from device.vision.frame import Frame, scaled_down, to_grey
from device.vision.opencv import MAX_PIXELS, cv2, named

WEBCAMS = Path("/dev/v4l/by-id")
"""udev's links to USB cameras: names that stay the same whatever else is plugged in."""


class VideoFile(ClosingCamera):
    """The frames of a video file.

    Raises:
        CameraError: The file is not a readable video.
    """

    def __init__(self, path: Path, max_side: int) -> None:
        """Open the file; frames are scaled down to at most `max_side` pixels in either direction."""
        self._name = printable(path)
        self._max_side = max_side
        self._has_read_a_frame = False
        try:
            with named(path) as name_for_opencv:
                self._capture = cv2.VideoCapture(name_for_opencv)
        except (OSError, ValueError) as error:
            raise CameraError(
                f"{self._name}: cannot be read: {getattr(error, 'strerror', None) or error}"
            ) from error
        if not self._capture.isOpened():
            raise CameraError(f"{self._name}: not a video that can be read")
        width, height = (
            self._capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if width * height > MAX_PIXELS:
            self.close()
            raise CameraError(
                f"{self._name}: its frames are above {MAX_PIXELS / 1e6:.0f} megapixels: make it smaller"
            )

    def read(self) -> Frame | None:
        """The next frame; None at the end.

        Raises:
            CameraError: No frame of the file can be read.
        """
        ok, picture = self._capture.read()
        if ok:
            self._has_read_a_frame = True
            return scaled_down(to_grey(picture), self._max_side)
        if not self._has_read_a_frame:
            raise CameraError(f"{self._name}: not one frame in it can be read")
        return None

    def close(self) -> None:
        """Release the file."""
        self._capture.release()


class Webcam(ClosingCamera):
    """A webcam by its number, or by its path below /dev.

    Raises:
        CameraError: There is no such webcam.
    """

    def __init__(self, device: str, width: int, height: int, max_side: int, settle: float) -> None:
        """Open the webcam and discard the frames of the first `settle` seconds.

        It gives the size nearest to `width` and `height` that it has; frames are scaled down to at most
        `max_side` pixels in either direction.
        """
        self._name = printable(device)
        self._max_side = max_side
        # The path that a link leads to: OpenCV crashes at one that is not UTF-8.
        path = os.path.realpath(f"/dev/video{device}" if device.isdecimal() else device)
        self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2) if path.isprintable() else cv2.VideoCapture()
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if not self._capture.isOpened():
            where = f" ({path})" if path != device else ""
            raise CameraError(f"no webcam {self._name}{printable(where)}: {_what_to_do_without_it()}")
        let_settle(self, self.read, settle)

    def read(self) -> Frame:
        """The next frame.

        Raises:
            CameraError: The webcam gives no more frames.
        """
        ok, picture = self._capture.read()
        if not ok:
            raise CameraError(f"webcam {self._name} gives no more frames: was it unplugged?")
        return scaled_down(to_grey(picture), self._max_side)

    def close(self) -> None:
        """Release the webcam."""
        self._capture.release()


def _what_to_do_without_it() -> str:
    try:
        # index0 gives frames; a webcam's further links are for its metadata, or for other formats.
        names = sorted(path.name for path in WEBCAMS.glob("*-index0"))
    except OSError:
        names = []
    if not names:
        return "plug one in, or choose pictures with --camera images:FOLDER (make demo CAMERA=images:FOLDER)"
    known = ", ".join(printable(f"webcam:{WEBCAMS / name}") for name in names)
    return f"set camera.source to one that is plugged in: {known}"
