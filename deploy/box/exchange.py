"""Exchanges two folders in one step, so that a power cut leaves either the one or the other in place."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

AT_FDCWD = -100  # paths are relative to the working folder
RENAME_EXCHANGE = 2


def put_in_place(new: Path, target: Path) -> None:
    """Give a folder the name of another one, which then has the first one's name, if there is another one.

    Raises:
        OSError: The file system cannot do that.
    """
    if not target.exists():
        new.rename(target)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(target), RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
