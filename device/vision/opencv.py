"""OpenCV with a limit on the pixels that it decodes. Every module imports `cv2` from here.

OpenCV reads the limit from the environment once, when it is loaded.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

MAX_PIXELS = 32 * 2**20
"""Of one picture. Decoding takes 2 bytes a pixel, up to 7 for a progressive JPEG or a lossless WebP: at this
size 67 to 226 MiB (`python -m tests.bench_pictures`). A Pi Zero 2 W has 512 MB for everything."""

os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)

import cv2  # noqa: E402

__all__ = ["MAX_PIXELS", "cv2", "named"]


@contextlib.contextmanager
def named(path: Path) -> Iterator[str]:
    """A name by which OpenCV may open the file `path` meanwhile: it crashes at one that is not UTF-8.

    Raises OSError, also for anything but a file, such as a pipe, for which OpenCV would wait without end; or
    ValueError for a name with a zero byte in it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
