"""Files that cannot be read as they should: they are put aside under another name, and none is lost by it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from device.errors import MemoryFileError

MOST = 3  # files with the same ending; when there are so many, the last one gives way to the next
COMPANIONS = ("-wal", "-journal")  # what SQLite keeps beside a file, and belongs to its content
SHARED = "-shm"  # it does, too, and makes it again by itself
# The bytes that every process locks which has a file of SQLite's open: https://sqlite.org/fileformat2.html
LOCKED_FROM, LOCKED_LENGTH = 0x40000002, 510
PATIENCE = 1.0  # seconds to wait for another process that only looks into it


def put_aside(path: Path, ending: str, most: int = MOST) -> Path:
    """Renames a file, and what SQLite keeps beside it, to the first free name: NAME.ending, NAME.ending.2 ...

    The first ones are never replaced: they hold what was there before anything was lost. Raises OSError.
    """
    aside = _free_name(path, ending, most)
    for beside in COMPANIONS:
        its = aside.with_name(aside.name + beside)
        its.unlink(missing_ok=True)  # of one that gives way
        if os.path.lexists(there := path.with_name(path.name + beside)):
            there.replace(its)
    path.with_name(path.name + SHARED).unlink(missing_ok=True)
    path.replace(aside)
    os.utime(aside, follow_symlinks=False)  # so that it tells when this was
    return aside


def remove(path: Path) -> None:
    """The file, and what SQLite keeps beside it."""
    for beside in (*COMPANIONS, SHARED, ""):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def clear_the_place(path: Path) -> Iterator[Path]:
    """Puts aside what is no file in the place of the file, or of one beside it; yields the new names."""
    for beside in ("", *COMPANIONS, SHARED):
        there = path.with_name(path.name + beside)
        if os.path.lexists(there) and not there.is_file():
            aside = _free_name(path, "damaged", MOST)
            yield there.replace(aside.with_name(aside.name + beside))


def _free_name(path: Path, ending: str, most: int) -> Path:
    names = _names(path, ending, most)
    return next((name for name in names if not os.path.lexists(name)), names[-1])


def _names(path: Path, ending: str, most: int) -> list[Path]:
    first = path.with_suffix(f".{ending}")
    return [first, *(first.with_name(f"{first.name}.{number}") for number in range(2, most + 1))]


def wait_until_unused(path: Path) -> None:
    """A file that another process has open must not be renamed: that one would go on writing into it.

    Only for who has closed it: POSIX takes all of a process's locks as it closes one descriptor. Raises
    MemoryFileError.
    """
    end = time.monotonic() + PATIENCE
    with path.open("rb+") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCKED_LENGTH, LOCKED_FROM)
            except (BlockingIOError, PermissionError):  # POSIX allows either
                if time.monotonic() < end:
                    time.sleep(0.05)
                    continue
                mend = "a box that runs has it open: `sudo systemctl restart moodbox` mends it"
                raise MemoryFileError(f"{path}: damaged, and {mend}") from None
            return


def told_of(path: Path) -> Iterator[str]:
    """What was put aside of the file, and when, for people."""
    for ending, why in (("damaged", "damaged"), ("newer", "of a newer moodbox")):
        for name in _names(path, ending, MOST):
            with contextlib.suppress(OSError):
                day = date.fromtimestamp(name.lstat().st_mtime)
                yield f"{path.name} was {why} and was put aside as {name.name} on {day}"
