"""Sources of frames: the Pi's camera, a webcam, pictures, a video file.

A camera is open only inside its `with` block, and its frames go only to the code that reads them.
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

from device.config import settings
from device.config.reading import check_source
from device.errors import CameraError
from device.printable import printable
from device.vision.frame import Frame, scaled_down, to_grey
from device.vision.opencv import MAX_PIXELS, cv2, named
from device.vision.pictures import find_pictures, log_skipped, read_picture


class Camera(Protocol):
    """A context manager that gives one frame after another."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self) -> Frame | None:
        """The next frame, of any shape; None when there are no more.

        Raises:
            CameraError: The camera gives no frames.
        """


def frames_of(camera: Camera) -> Iterator[Frame]:
    """The frames of an open camera until there are no more; each is read when it is asked for.

    Raises:
        CameraError: The camera gives no frames.
    """
    while (frame := camera.read()) is not None:
        yield frame


class _Camera:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the hardware."""


class PiCamera(_Camera):
    """The Pi's camera by picamera2. Grey is the Y plane of a YUV420 stream, so it needs no conversion.

    Raises:
        CameraError: picamera2 is not installed, or the camera cannot be opened.
    """

    def __init__(self, width: int, height: int, settle: float) -> None:
        """Open the camera and discard the frames of the first `settle` seconds."""
        os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:WARN")  # otherwise it logs lines at each opening
        self._width, self._height = width, height
        self._camera: Any = None
        try:
            self._camera = _open_picamera2()
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": (640, 480)}, lores={"size": (width, height), "format": "YUV420"}
                )
            )
            self._camera.start()
        except (IndexError, RuntimeError, OSError) as error:
            self.close()
            raise CameraError(
                f"the Pi's camera cannot be opened ({error}): is its cable plugged in, and no other program "
                "using it? `rpicam-hello --list-cameras` lists the cameras that the Pi detects"
            ) from error
        _let_settle(self.read, settle)

    def read(self) -> Frame:
        """The next frame, (height, width); smaller if the camera gives less."""
        # Rows are padded to a multiple of 64, and the colour planes follow below the grey rows.
        frame = to_grey(self._camera.capture_array("lores"))
        return frame[: self._height, : self._width]

    def close(self) -> None:
        """Stop the camera and release it."""
        if self._camera is not None:
            self._camera.close()  # stops it too


def _open_picamera2() -> Any:
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
        camera.__init__()
    except Exception:
        _undo_failed_opening(camera)
        raise
    return camera


def _undo_failed_opening(camera: Any) -> None:
    """The only code that uses private parts of Picamera2; `_open_picamera2` says why it must."""
    with contextlib.suppress(AttributeError):  # a version without these attributes leaks, but works
        camera.notifymeread.close()
        os.close(camera.notifyme_w)
        camera.camera = None
        type(camera)._cm.reset()


class VideoCamera(_Camera):
    """A webcam by its number, or a video file, by OpenCV.

    Raises:
        CameraError: There is no such webcam, or the file is not a readable video.
    """

    def __init__(self, source: int | Path, width: int, height: int, settle: float) -> None:
        """Open the source. `width`, `height` and `settle` (seconds) apply to a webcam only."""
        self._source = source
        self._has_read_a_frame = False
        if isinstance(source, Path):
            self._capture = _open_video(source)
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
        """The next frame; None at the end of a video file.

        Raises:
            CameraError: The webcam gives no more frames, or no frame of the file can be read.
        """
        ok, picture = self._capture.read()
        if ok:
            self._has_read_a_frame = True
            return scaled_down(to_grey(picture))
        if isinstance(self._source, Path):
            if not self._has_read_a_frame:
                raise CameraError(f"{printable(self._source)}: not one frame in it can be read")
            return None
        raise CameraError(f"webcam {self._source} gives no more frames: was it unplugged?")

    def close(self) -> None:
        """Release the webcam or the file."""
        self._capture.release()


def _open_video(path: Path) -> cv2.VideoCapture:
    name = printable(path)
    try:
        with named(path) as name_for_opencv:
            capture = cv2.VideoCapture(name_for_opencv)
    except (OSError, ValueError) as error:
        raise CameraError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not capture.isOpened():
        raise CameraError(f"{name}: not a video that can be read")
    if capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT) > MAX_PIXELS:
        capture.release()
        raise CameraError(f"{name}: its frames are above {MAX_PIXELS / 1e6:.0f} megapixels: make it smaller")
    return capture


class PictureCamera(_Camera):
    """Pictures as successive frames."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = iter(paths)

    def read(self) -> Frame | None:
        """The next picture; None when there are no more.

        Raises:
            CameraError: The picture cannot be read.
        """
        path = next(self._paths, None)
        return None if path is None else read_picture(path)


class FolderCamera(_Camera):
    """The pictures in a folder and below as successive frames; unreadable ones are skipped.

    Raises:
        CameraError: There is no picture in the folder.
    """

    def __init__(self, folder: Path, on_skipped: Callable[[CameraError], None]) -> None:
        """Find the pictures; `on_skipped` is called for each one that cannot be read."""
        self._folder = folder
        self._on_skipped = on_skipped
        self._frames = self._readable(find_pictures(folder, on_skipped))

    def read(self) -> Frame | None:
        """The next readable picture; None when there are no more.

        Raises:
            CameraError: Not one picture in the folder can be read.
        """
        return next(self._frames, None)

    def _readable(self, paths: Iterable[Path]) -> Iterator[Frame]:
        first: CameraError | None = None
        read = 0
        for path in paths:
            try:
                frame = read_picture(path)
            except CameraError as error:
                first = first or error
                self._on_skipped(error)
                continue
            read += 1
            yield frame
        if first and not read:
            raise CameraError(
                f"{printable(self._folder)}: no picture in it can be read; copy them there again ({first})"
            )


def _open_pictures(path: Path, on_skipped: Callable[[CameraError], None]) -> Camera:
    with contextlib.suppress(OSError):  # find_pictures reports it
        if path.is_dir():
            return FolderCamera(path, on_skipped)
    return PictureCamera(find_pictures(path, on_skipped))


def camera_factory(chosen: settings.Camera) -> Callable[[], Camera]:
    """A function that opens the camera that the settings name; it raises CameraError.

    Raises:
        SettingsError: The source is of unknown kind.
    """
    check_source(chosen.source)
    kind, _, rest = chosen.source.partition(":")
    if kind == "auto":
        kind = "picamera2" if importlib.util.find_spec("picamera2") else "webcam"
    size = (chosen.width, chosen.height)
    reported: set[str] = set()

    def report_once(error: CameraError) -> None:
        """Log an error only the first time, because the box reads its folder again and again."""
        if str(error) not in reported:
            reported.add(str(error))
            log_skipped(error)

    cameras: dict[str, Callable[[], Camera]] = {
        "picamera2": lambda: PiCamera(*size, chosen.settle),
        "webcam": lambda: VideoCamera(int(rest or "0"), *size, chosen.settle),
        "images": lambda: _open_pictures(source_path(rest), report_once),
        "video": lambda: VideoCamera(source_path(rest), *size, 0),
    }
    return cameras[kind]


def source_path(rest: str) -> Path:
    """The PATH of a source like `images:PATH`.

    Raises:
        CameraError: It begins with `~` and the name of no user.
    """
    try:
        return Path(rest).expanduser()
    except RuntimeError as error:
        raise CameraError(f"{printable(rest)}: there is no such user") from error


def _let_settle(read: Callable[[], Frame | None], seconds: float) -> None:
    """Discard the first frames, which are dark until the exposure has settled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        read()
