"""Where frames come from: the Pi's camera, a webcam, pictures, a video file.

A camera is open only inside its `with`, and no frame goes anywhere but to who reads it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from device import settings
from device.errors import CameraError
from device.eyes.frame import Frame, grey, small
from device.eyes.opencv import MOST_PIXELS, cv2, named
from device.eyes.pictures import find_pictures, read_picture, say
from device.printable import printable


class Camera(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self) -> Frame | None:
        """The next frame, of any shape; None when there are no more. Raises CameraError."""


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
        frame = grey(self._camera.capture_array("lores"))
        return frame[: self._height, : self._width]

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
        self._begun = False
        if isinstance(source, Path):
            self._capture = _film(source)
        else:
            self._capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
            if not self._capture.isOpened():
                raise CameraError(
                    f"no webcam {source} (/dev/video{source}): plug one in, "
                    "or choose pictures with --camera images:FOLDER"
                )
            _let_settle(self.read, settle)

    def read(self) -> Frame | None:
        ok, picture = self._capture.read()
        if ok:
            self._begun = True
            return small(grey(picture))
        if isinstance(self._source, Path):
            if not self._begun:
                raise CameraError(f"{printable(self._source)}: not one frame in it can be read")
            return None
        raise CameraError(f"webcam {self._source} gives no more frames: was it unplugged?")

    def close(self) -> None:
        self._capture.release()


def _film(path: Path) -> cv2.VideoCapture:
    name = printable(path)
    try:
        with named(path) as name_for_opencv:
            capture = cv2.VideoCapture(name_for_opencv)
    except (OSError, ValueError) as error:
        raise CameraError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not capture.isOpened():
        raise CameraError(f"{name}: not a video that can be read")
    if capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT) > MOST_PIXELS:
        capture.release()
        raise CameraError(f"{name}: its frames are above {MOST_PIXELS / 1e6:.0f} megapixels: make it smaller")
    return capture


class PictureCamera(_Camera):
    """Pictures as successive frames."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = iter(paths)

    def read(self) -> Frame | None:
        path = next(self._paths, None)
        return None if path is None else read_picture(path)


class FolderCamera(_Camera):
    """The pictures in a folder and below as successive frames; one that cannot be read is passed over."""

    def __init__(self, folder: Path, pass_over: Callable[[CameraError], None]) -> None:
        """pass_over: is told of each picture that cannot be read."""
        self._folder = folder
        self._pass_over = pass_over
        self._frames = self._readable(find_pictures(folder, pass_over))

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def _readable(self, paths: Iterable[Path]) -> Iterator[Frame]:
        first: CameraError | None = None
        read = 0
        for path in paths:
            try:
                frame = read_picture(path)
            except CameraError as error:
                first = first or error
                self._pass_over(error)
                continue
            read += 1
            yield frame
        if first and not read:
            raise CameraError(
                f"{printable(self._folder)}: no picture in it can be read; copy them there again ({first})"
            )


def _pictures(path: Path, pass_over: Callable[[CameraError], None]) -> Camera:
    with contextlib.suppress(OSError):  # find_pictures says why
        if path.is_dir():
            return FolderCamera(path, pass_over)
    return PictureCamera(find_pictures(path, pass_over))


def camera_factory(chosen: settings.Camera) -> Callable[[], Camera]:
    """What opens the camera that the settings name, each time the box looks.

    Raises SettingsError for a source of unknown kind; the returned callable raises CameraError.
    """
    settings.check_source(chosen.source)
    kind, _, rest = chosen.source.partition(":")
    if kind == "auto":
        kind = "picamera2" if importlib.util.find_spec("picamera2") else "webcam"
    size = (chosen.width, chosen.height)
    said: set[str] = set()

    def pass_over(error: CameraError) -> None:
        """Once in all: the box looks into its folder again and again."""
        if str(error) not in said:
            said.add(str(error))
            say(error)

    cameras: dict[str, Callable[[], Camera]] = {
        "picamera2": lambda: PiCamera(*size, chosen.settle),
        "webcam": lambda: VideoCamera(int(rest or "0"), *size, chosen.settle),
        "images": lambda: _pictures(source_path(rest), pass_over),
        "video": lambda: VideoCamera(source_path(rest), *size, 0),
    }
    return cameras[kind]


def source_path(rest: str) -> Path:
    """The PATH of a source like `images:PATH`. Raises CameraError."""
    try:
        return Path(rest).expanduser()
    except RuntimeError as error:
        raise CameraError(f"{printable(rest)}: there is no such user") from error


def _let_settle(read: Callable[[], Frame | None], seconds: float) -> None:
    """The first frames after opening are dark, while the exposure settles."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        read()
