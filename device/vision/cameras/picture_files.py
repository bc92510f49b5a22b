"""Picture files as the frames of a camera."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from device.errors import CameraError
from device.printable import printable
from device.vision.cameras.base import Camera, ClosingCamera
from device.vision.frame import MAX_SIDE, Frame
from device.vision.pictures import find_pictures, read_picture


class PictureCamera(ClosingCamera):
    """Pictures as successive frames."""

    def __init__(self, paths: Iterable[Path], max_side: int = MAX_SIDE) -> None:
        self._paths = iter(paths)
        self._max_side = max_side

    def read(self) -> Frame | None:
        """The next picture; None when there are no more.

        Raises:
            CameraError: The picture cannot be read.
        """
        path = next(self._paths, None)
        return None if path is None else read_picture(path, self._max_side)


class FolderCamera(ClosingCamera):
    """The pictures in a folder and below as successive frames; unreadable ones are skipped.

    Raises:
        CameraError: There is no picture in the folder.
    """

    def __init__(self, folder: Path, max_side: int, on_skipped: Callable[[CameraError], None]) -> None:
        """Find the pictures; `on_skipped` is called for each one that cannot be read."""
        self._folder = folder
        self._max_side = max_side
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
                frame = read_picture(path, self._max_side)
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


def open_pictures(path: Path, max_side: int, on_skipped: Callable[[CameraError], None]) -> Camera:
    """The picture `path`, or those in the folder `path`, at most `max_side` pixels wide and high.

    Raises:
        CameraError: There is no picture.
    """
    with contextlib.suppress(OSError):  # find_pictures reports it
        if path.is_dir():
            return FolderCamera(path, max_side, on_skipped)
    return PictureCamera(find_pictures(path, on_skipped), max_side)
