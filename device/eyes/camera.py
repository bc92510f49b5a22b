"""Where frames come from: the Pi's camera, a webcam, pictures, a video file.

A camera is open only inside its `with`, and no frame goes anywhere but to who reads it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from device import settings
from device.errors import CameraError

Frame = NDArray[np.uint8]

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".webp"})
LONGEST_SIDE = 640  # of a picture or a film: larger ones are made as small as a camera's frames


class Camera(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self) -> Frame | None:
        """The next frame, uint8 (height, width); None when there are no more. Raises CameraError."""


class _Camera:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the hardware."""


class PiCamera(_Camera):
    """The Pi's camera by picamera2: grey is the Y plane of a YUV420 stream, at no cost."""

    def __init__(self, width: int, height: int, settle: float) -> None:
        os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:WARN")  # else it fills the journal at each look
        self._width, self._height = width, height
        self._camera: Any = None
        try:
            self._camera = _acquired()
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": (640, 480)}, lores={"size": (width, height), "format": "YUV420"}
                )
            )
            self._camera.start()
        except (IndexError, RuntimeError, OSError) as error:
            self.close()
            raise CameraError(
                f"the Pi's camera cannot be opened ({error}): is its cable in, and nothing else using it? "
                "`rpicam-hello --list-cameras` shows what the Pi sees"
            ) from error
        _let_settle(self.read, settle)

    def read(self) -> Frame:
        # Rows are padded to a multiple of 64, and the colours follow below the grey rows.
        return np.asarray(self._camera.capture_array("lores")[: self._height, : self._width])

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()  # stops it too


def _acquired() -> Any:
    """A Picamera2. Where there is no camera, or another program has it, nothing of the try is left.

    Picamera2 itself would keep a pipe for each try, and the list of cameras that it found at the first one.
    """
    try:
        from picamera2 import Picamera2  # on a Pi only, and it takes a second to load
    except ImportError as error:
        raise CameraError("picamera2 is missing: sudo apt install python3-picamera2") from error
    camera = Picamera2.__new__(Picamera2)  # to be had even if its __init__ fails
    try:
        camera.__init__()
    except Exception:
        with contextlib.suppress(AttributeError):  # of a Picamera2 that does these things otherwise
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
            camera.camera = None
            Picamera2._cm.reset()
        raise
    return camera


class VideoCamera(_Camera):
    """A webcam by its number, or a video file, by OpenCV."""

    def __init__(self, source: int | Path, width: int, height: int, settle: float) -> None:
        self._source = source
        if isinstance(source, Path):
            self._capture = cv2.VideoCapture(str(source))
        else:
            self._capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if not self._capture.isOpened():
            raise CameraError(
                f"{source}: not a video that can be read"
                if isinstance(source, Path)
                else f"no webcam {source} (/dev/video{source}): plug one in, "
                "or choose pictures with --camera images:FOLDER"
            )
        if isinstance(source, int):
            _let_settle(self.read, settle)

    def read(self) -> Frame | None:
        ok, picture = self._capture.read()
        if ok:
            return _small(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8))
        if isinstance(self._source, Path):
            return None
        raise CameraError(f"webcam {self._source} gives no more frames: was it unplugged?")

    def close(self) -> None:
        self._capture.release()


class PictureCamera(_Camera):
    """Pictures as successive frames."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = iter(paths)

    def read(self) -> Frame | None:
        path = next(self._paths, None)
        return None if path is None else read_picture(path)


def read_picture(path: Path) -> Frame:
    """One picture in grey, at most LONGEST_SIDE pixels in either direction."""
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise CameraError(f"{path}: too large a picture for OpenCV") from error
    if picture is None:
        raise CameraError(f"{path}: not a picture that can be read")
    return _small(np.asarray(picture, dtype=np.uint8))


def find_pictures(path: Path) -> list[Path]:
    """The picture `path`, or all in the folder `path` and below, by name. Raises CameraError if none."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CameraError(f"{path}: no such file or folder")
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in PICTURES and p.is_file())
    if not found:
        raise CameraError(
            f"{path}: no picture in this folder or below; known are {', '.join(sorted(PICTURES))}"
        )
    return found


def camera_factory(chosen: settings.Camera) -> Callable[[], Camera]:
    """What opens the camera that the settings name, each time the box looks.

    Raises SettingsError for a source of unknown kind; the returned callable raises CameraError.
    """
    settings.check_source(chosen.source)
    kind, _, rest = chosen.source.partition(":")
    if kind == "auto":
        kind = "picamera2" if importlib.util.find_spec("picamera2") else "webcam"
    size = (chosen.width, chosen.height)
    cameras: dict[str, Callable[[], Camera]] = {
        "picamera2": lambda: PiCamera(*size, chosen.settle),
        "webcam": lambda: VideoCamera(int(rest or "0"), *size, chosen.settle),
        "images": lambda: PictureCamera(find_pictures(Path(rest).expanduser())),
        "video": lambda: VideoCamera(Path(rest).expanduser(), *size, 0),
    }
    return cameras[kind]


def _let_settle(read: Callable[[], Frame | None], seconds: float) -> None:
    """The first frames after opening are dark, while the exposure settles."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        read()


def _small(frame: Frame) -> Frame:
    scale = LONGEST_SIDE / max(frame.shape)
    if scale >= 1:
        return frame
    height, width = (max(1, round(scale * side)) for side in frame.shape)
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA))
