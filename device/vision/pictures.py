"""Picture files: finding them in a folder, and reading one.

Whatever a file contains, nothing here blocks or takes much memory: OpenCV has a limit on what it decodes, and
gets only formats whose decoders respect it.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from device.errors import CameraError
from device.printable import printable
from device.vision.frame import MAX_SIDE, Frame, scaled_down
from device.vision.opencv import MAX_PIXELS, cv2

log = logging.getLogger(__name__)

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".webp")
MAX_FILE_BYTES = 64 * 2**20
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIGNATURES = re.compile(rb"\xff\xd8\xff|BM|P[1-6]\s|RIFF....WEBP|" + re.escape(PNG_SIGNATURE), re.DOTALL)
"""The first bytes of a supported file. Which other formats OpenCV reads depends on its release, and some take
16 bytes a pixel."""


def read_picture(path: Path, max_side: int = MAX_SIDE) -> Frame:
    """Read a picture, scaled down to at most `max_side` pixels in either direction.

    Raises:
        CameraError: It cannot be read, is too large, or is not a picture.
    """
    return scaled_down(read_full_size(path), max_side)


def read_full_size(path: Path) -> Frame:
    """Read a picture in its full size.

    Raises:
        CameraError: It cannot be read, is too large, or is not a picture.
    """
    name = printable(path)
    content = _content(path)
    if not SIGNATURES.match(content) or (content.startswith(PNG_SIGNATURE) and not _is_whole_png(content)):
        raise CameraError(f"{name}: not a picture that can be read")
    try:
        # Bytes, not a name: OpenCV crashes at a name that is not UTF-8.
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise CameraError(
                f"{name}: too large a picture, above {MAX_PIXELS / 1e6:.0f} megapixels: make it smaller"
            ) from error
        raise CameraError(f"{name}: not a picture that can be read") from error
    if picture is None or not picture.size:
        raise CameraError(f"{name}: not a picture that can be read")
    return np.asarray(picture, dtype=np.uint8)


def _content(path: Path) -> bytes:
    name = printable(path)
    try:
        # The path may have become a FIFO since it was listed: O_NONBLOCK does not wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size <= MAX_FILE_BYTES:
                return file.read(found.st_size)
    except (OSError, ValueError) as error:
        raise _cannot_read(path, error) from error
    if stat.S_ISREG(found.st_mode):
        raise CameraError(
            f"{name}: too large a picture, above {MAX_FILE_BYTES // 2**20} MiB: make it smaller"
        )
    raise CameraError(f"{name}: not a file")


def _is_whole_png(content: bytes) -> bool:
    """Whether the file contains every chunk to its end.

    OpenCV allocates the length that a chunk states, up to 4 GB, before it reads it.
    """
    at = len(PNG_SIGNATURE)
    while at < len(content):
        kind = content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4], "big")
        if kind == b"IEND":
            return at <= len(content)
    return False


def log_skipped(error: CameraError) -> None:
    """Log that a picture or a folder is skipped."""
    log.warning("camera: %s; it is skipped", error)


def find_pictures(path: Path, on_skipped: Callable[[CameraError], None] = log_skipped) -> Iterator[Path]:
    """The picture `path`, or all pictures in the folder `path` and below, ordered by name.

    A subfolder is read only when its turn comes. Hidden files are left out: a Mac writes `._NAME` beside each
    picture. Links to pictures are followed, links to folders are not.

    Args:
        path: A picture or a folder.
        on_skipped: Called for each subfolder that cannot be read.

    Raises:
        CameraError: There is no picture, or `path` cannot be read.
    """
    found = _found(path, on_skipped)
    first = next(found, None)
    if first is None:
        raise CameraError(
            f"{printable(path)}: no picture in this folder or below; known are {', '.join(SUFFIXES)}"
        )
    return itertools.chain([first], found)


def _found(path: Path, on_skipped: Callable[[CameraError], None]) -> Iterator[Path]:
    try:
        mode = path.stat().st_mode
        waiting = _entries(path)[::-1] if stat.S_ISDIR(mode) else []
    except (OSError, ValueError) as error:
        raise _cannot_read(path, error) from error
    if not stat.S_ISDIR(mode):
        yield path
    while waiting:
        entry = waiting.pop()
        if not _is_folder(entry):
            yield Path(entry.path)
            continue
        try:
            waiting += reversed(_entries(entry))
        except OSError as error:
            on_skipped(_cannot_read(entry.path, error))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in `folder` but not below it, ordered by name; none if there is no such folder.

    Raises:
        CameraError: The folder cannot be read.
    """
    try:
        return [Path(entry.path) for entry in _entries(folder) if not _is_folder(entry)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise _cannot_read(folder, error) from error


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """The pictures and subfolders of `folder`, ordered by name. Raises OSError."""
    with os.scandir(folder) as entries:
        found = [e for e in entries if not e.name.startswith(".") and (_is_folder(e) or _is_picture(e))]
    return sorted(found, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_picture(entry: os.DirEntry[str]) -> bool:
    if not entry.name.lower().endswith(SUFFIXES):
        return False
    try:
        return entry.is_file()
    except OSError:  # a circular link, or one into a folder that this user may not read
        return False


def _cannot_read(path: Path | str, error: OSError | ValueError) -> CameraError:
    """Make a CameraError; a ValueError comes from a name with a zero byte."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return CameraError(f"{printable(path)}: no such file or folder")
    return CameraError(f"{printable(path)}: cannot be read: {getattr(error, 'strerror', None) or error}")
