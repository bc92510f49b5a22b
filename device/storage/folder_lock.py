"""Keeps a box and a command that replaces its files apart, by a lock on the folder with these files."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from device.storage.folder_owner import acting_as_owner

log = logging.getLogger(__name__)

MAX_WAIT_S = 10.0
"""How long a box waits for a command at its start; one takes less than a second."""
POLL_S = 0.02


@contextlib.contextmanager
def held_by_box(folder: Path, max_wait_s: float = MAX_WAIT_S) -> Iterator[None]:
    """Keep such commands out for the block; first wait for one that is at work.

    Where the folder cannot be locked, the block is run all the same: the box plays without a disk, too.
    """
    with contextlib.ExitStack() as stack:
        try:
            lock = _opened(folder, stack)
            end = time.monotonic() + max_wait_s
            while not _taken(lock, fcntl.LOCK_SH) and time.monotonic() < end:
                time.sleep(POLL_S)
        except OSError as error:
            log.warning("%s: cannot be locked (%s)", folder, error.strerror)
        yield


@contextlib.contextmanager
def held_by_command(folder: Path) -> Iterator[bool]:
    """Keep a box that starts waiting for the block; yield False, and lock nothing, while a box runs.

    A folder that does not exist yet has nothing in it that a box could have read.

    Raises:
        OSError: The folder cannot be opened or locked.
    """
    with contextlib.ExitStack() as stack:
        try:
            with acting_as_owner(folder):
                lock = _opened(folder, stack)
        except FileNotFoundError:
            yield True
            return
        yield _taken(lock, fcntl.LOCK_EX)


def _opened(folder: Path, stack: contextlib.ExitStack) -> int:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, lock)
    return lock


def _taken(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
