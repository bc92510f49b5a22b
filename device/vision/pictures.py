"""Picture files: which there are in a folder, and what is in one.

Nothing here waits, and nothing takes much memory, whatever a file holds: what OpenCV decodes is bounded, and
only kinds of pictures whose decoders keep to that reach it.
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
from device.vision.frame import Frame, small
from device.vision.opencv import MOST_PIXELS, cv2

log = logging.getLogger(__name__)

PICTURES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".webp")
MOST_BYTES = 64 * 2**20  # of a file
PNG = b"\x89PNG\r\n\x1a\n"
KNOWN = re.compile(rb"\xff\xd8\xff|BM|P[1-6]\s|RIFF....WEBP|" + re.escape(PNG), re.DOTALL)
"""How such a file begins. OpenCV knows more kinds, each release others, and some take 16 bytes a pixel."""


def read_picture(path: Path) -> Frame:
    """One picture, at most LONGEST_SIDE pixels in either direction. Raises CameraError."""
    return small(read_whole(path))


def read_whole(path: Path) -> Frame:
    """One picture as large as it is. Raises CameraError."""
    name = printable(path)
    content = _content(path)
    if not KNOWN.match(content) or (content.startswith(PNG) and not _is_whole_png(content)):
        raise CameraError(f"{name}: not a picture that can be read")
    try:
        # Bytes, not a name: OpenCV crashes at a name that is not UTF-8.
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise CameraError(
                f"{name}: too large a picture, above {MOST_PIXELS / 1e6:.0f} megapixels: make it smaller"
            ) from error
        raise CameraError(f"{name}: not a picture that can be read") from error
    if picture is None or not picture.size:
        raise CameraError(f"{name}: not a picture that can be read")
    return np.asarray(picture, dtype=np.uint8)


def _content(path: Path) -> bytes:
    name = printable(path)
    try:
        # What was a file when it was listed may be a FIFO now: O_NONBLOCK does not wait for its writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES:
                return file.read(found.st_size)
    except (OSError, ValueError) as error:
        raise _cannot_read(path, error) from error
    if stat.S_ISREG(found.st_mode):
        raise CameraError(f"{name}: too large a picture, above {MOST_BYTES // 2**20} MiB: make it smaller")
    raise CameraError(f"{name}: not a file")


def _is_whole_png(content: bytes) -> bool:
    """Whether each chunk ends in the file: OpenCV allocates what a chunk claims to have, up to 4 GB."""
    at = len(PNG)
    while at < len(content):
        kind = content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4], "big")
        if kind == b"IEND":
            return at <= len(content)
    return False


def say(error: CameraError) -> None:
    log.warning("camera: %s; it is passed over", error)


def find_pictures(path: Path, pass_over: Callable[[CameraError], None] = say) -> Iterator[Path]:
    """The picture `path`, or all in the folder `path` and below, by name.

    A folder below is read only when its turn comes. What is hidden is left out: a Mac writes `._NAME` beside
    each picture. Links to pictures count, links to folders are not followed.
    pass_over: is told of a folder below that cannot be read.
    Raises CameraError if there is no picture.
    """
    found = _found(path, pass_over)
    first = next(found, None)
    if first is None:
        raise CameraError(
            f"{printable(path)}: no picture in this folder or below; known are {', '.join(PICTURES)}"
        )
    return itertools.chain([first], found)


def _found(path: Path, pass_over: Callable[[CameraError], None]) -> Iterator[Path]:
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
            pass_over(_cannot_read(entry.path, error))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in `folder` itself, by name; none if it is not there. Raises CameraError."""
    try:
        return [Path(entry.path) for entry in _entries(folder) if not _is_folder(entry)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise _cannot_read(folder, error) from error


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """Its pictures and folders, by name. Raises OSError."""
    with os.scandir(folder) as entries:
        found = [e for e in entries if not e.name.startswith(".") and (_is_folder(e) or _is_picture(e))]
    return sorted(found, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_picture(entry: os.DirEntry[str]) -> bool:
    if not entry.name.lower().endswith(PICTURES):
        return False
    try:
        return entry.is_file()
    except OSError:  # a link that leads in a circle, or to where this user may not look
        return False


def _cannot_read(path: Path | str, error: OSError | ValueError) -> CameraError:
    """ValueError: of a name with a zero byte in it."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return CameraError(f"{printable(path)}: no such file or folder")
    return CameraError(f"{printable(path)}: cannot be read: {getattr(error, 'strerror', None) or error}")
