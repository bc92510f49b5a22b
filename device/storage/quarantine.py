"""Quarantine: a file that cannot be read is renamed, so that its content is not lost."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from device.errors import MemoryFileError

MAX_QUARANTINED = 3  # files with the same ending; after that, the last one is replaced
SIDE_FILE_SUFFIXES = ("-wal", "-journal")  # SQLite's files beside a database that hold part of its content
SHARED_MEMORY_SUFFIX = "-shm"  # SQLite's index of the former; it is made again when needed
# The bytes that each process locks while it has a SQLite file open: https://sqlite.org/fileformat2.html
LOCK_START, LOCK_LENGTH = 0x40000002, 510
WHY_QUARANTINED = {"damaged": "damaged", "newer": "of a newer moodbox"}  # by the ending of its name
LOCK_TIMEOUT_S = 1.0  # the wait for another process that has the file open for a moment


def quarantine(path: Path, ending: str, limit: int = MAX_QUARANTINED) -> Path:
    """Rename a file, and SQLite's files beside it, to the first free of NAME.ending, NAME.ending.2 and so on.

    The first quarantined files are never replaced, because they hold the most complete content.

    Returns:
        The new name.

    Raises:
        OSError: it cannot be renamed.
    """
    quarantined = _free_name(path, ending, limit)
    for beside in SIDE_FILE_SUFFIXES:
        companion = quarantined.with_name(quarantined.name + beside)
        companion.unlink(missing_ok=True)  # of a quarantined file that is replaced
        if os.path.lexists(occupant := path.with_name(path.name + beside)):
            occupant.replace(companion)
    path.with_name(path.name + SHARED_MEMORY_SUFFIX).unlink(missing_ok=True)
    path.replace(quarantined)
    os.utime(quarantined, follow_symlinks=False)  # the time of quarantine
    return quarantined


def remove(path: Path) -> None:
    """Delete a file and SQLite's files beside it."""
    for beside in (*SIDE_FILE_SUFFIXES, SHARED_MEMORY_SUFFIX, ""):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def non_files(path: Path) -> Iterator[Path]:
    """Yield the folders, pipes and the like at the path of a file or of SQLite's files beside it.

    Nothing may open them: a pipe blocks whoever reads it, and a device may have no end.
    """
    for beside in ("", *SIDE_FILE_SUFFIXES, SHARED_MEMORY_SUFFIX):
        occupant = path.with_name(path.name + beside)
        if os.path.lexists(occupant) and not occupant.is_file():
            yield occupant


def quarantine_non_files(path: Path) -> Iterator[Path]:
    """Quarantine what `non_files` finds.

    Yields:
        The new names.
    """
    for occupant in non_files(path):
        quarantined = _free_name(path, "damaged", MAX_QUARANTINED)
        yield occupant.replace(quarantined.with_name(quarantined.name + occupant.name[len(path.name) :]))


def _free_name(path: Path, ending: str, limit: int) -> Path:
    names = itertools.islice(_names(path, ending), limit)
    for name in names:
        if not os.path.lexists(name):
            return name
    if name.is_dir() and not name.is_symlink():  # a folder cannot be replaced by renaming
        return next(name for name in _names(path, ending) if not os.path.lexists(name))
    return name


def _names(path: Path, ending: str) -> Iterator[Path]:
    first = path.with_suffix(f".{ending}")
    yield first
    for number in itertools.count(2):
        yield first.with_name(f"{first.name}.{number}")


def wait_until_unused(path: Path) -> None:
    """Wait until no other process has the file open: it would continue to write into a renamed file.

    This process must have closed the file, because POSIX releases all of a process's locks on a file when it
    closes one descriptor of it.

    Raises:
        MemoryFileError: another process still has it open after LOCK_TIMEOUT_S.
    """
    end = time.monotonic() + LOCK_TIMEOUT_S
    with path.open("rb+") as file:
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCK_LENGTH, LOCK_START)
            except (BlockingIOError, PermissionError):  # POSIX allows either
                if time.monotonic() < end:
                    time.sleep(0.05)
                    continue
                remedy = "the running box has it open: `sudo systemctl restart moodbox` repairs it"
                raise MemoryFileError(f"{path}: damaged, and {remedy}") from None
            return


def describe_quarantined(path: Path, endings: Mapping[str, str] = WHY_QUARANTINED) -> Iterator[str]:
    """Yield a sentence for each quarantined version of a file, with its date; `endings` says why."""
    for ending, why in endings.items():
        for name in itertools.islice(_names(path, ending), MAX_QUARANTINED):
            with contextlib.suppress(OSError):
                day = date.fromtimestamp(name.lstat().st_mtime)
                yield f"{path.name} was {why} and was moved to {name.name} on {day}"
