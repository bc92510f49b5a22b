"""Opens the source of frames that the settings name: the Pi's camera, a webcam, pictures, a video file.

A camera is open only inside its `with` block, and its frames go only to the code that reads them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from device.config import settings
from device.config.reading import check_source
from device.errors import CameraError
from device.printable import printable
from device.vision.cameras.base import Camera, frames_of
from device.vision.cameras.mounting import mounted
from device.vision.cameras.pi_camera import PiCamera
from device.vision.cameras.picture_files import PictureCamera, open_pictures
from device.vision.cameras.video import VideoFile, Webcam
from device.vision.frame import MAX_SIDE
from device.vision.pictures import log_skipped

__all__ = ["Camera", "PictureCamera", "camera_factory", "frames_of", "max_side", "source_path"]


def camera_factory(chosen: settings.Camera) -> Callable[[], Camera]:
    """A function that opens the camera that the settings name; it raises CameraError.

    Raises:
        SettingsError: The source is of unknown kind.
    """
    check_source(chosen.source)
    kind, _, rest = chosen.source.partition(":")
    if kind == "auto":
        kind = "picamera2" if importlib.util.find_spec("picamera2") else "webcam"
    size, limit = (chosen.width, chosen.height), max_side(chosen)
    reported: set[str] = set()

    def report_once(error: CameraError) -> None:
        """Log an error only the first time, because the box reads its folder again and again."""
        if str(error) not in reported:
            reported.add(str(error))
            log_skipped(error)

    cameras: dict[str, Callable[[], Camera]] = {
        "picamera2": lambda: PiCamera(int(rest or "0"), *size, chosen.settle),
        "webcam": lambda: Webcam(rest or "0", *size, limit, chosen.settle),
        "images": lambda: open_pictures(source_path(rest), limit, report_once),
        "video": lambda: VideoFile(source_path(rest), limit),
    }
    return mounted(cameras[kind], chosen)


def max_side(chosen: settings.Camera) -> int:
    """The pixels to which a larger webcam's frame, picture or video is scaled down, in either direction."""
    return max(MAX_SIDE, chosen.width, chosen.height)


def source_path(rest: str) -> Path:
    """The PATH of a source like `images:PATH`.

    Raises:
        CameraError: It begins with `~` and the name of no user.
    """
    try:
        return Path(rest).expanduser()
    except RuntimeError as error:
        raise CameraError(f"{printable(rest)}: there is no such user") from error
