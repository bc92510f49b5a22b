"""Reads a file that anybody may have put something else in the place of."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """Return the content of a file. Raises OSError as `read_with_status` does."""
    content, _ = read_with_status(path, max_bytes)
    return content


def read_with_status(path: Path, max_bytes: int) -> tuple[bytes, os.stat_result]:
    """Return the content of a file, and the owner and mode of what was read.

    Raises:
        OSError: it cannot be read, is larger than `max_bytes`, or is a pipe, a device or a folder. A pipe
            would block the reader, and a device may have no end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a NUL character in its name
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, "too large", str(path))
    return content, status
