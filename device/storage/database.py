"""A SQLite file that survives a cut of power, damage and a new version of the box."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

from device.errors import MemoryFileError

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds that a write waits for one of another process


class DatabaseFile:
    """What is kept in one file: its name, and the steps that make its tables."""

    file: ClassVar[str]
    steps: ClassVar[Sequence[str]]

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._path: str = database.execute("PRAGMA database_list").fetchone()[2]  # "" if it has none

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The file in `folder`, made if need be; a damaged one is put aside and begun anew.

        Raises MemoryFileError if nothing can be kept there.
        """
        return cls(_open_database(folder / cls.file, cls.steps))

    @classmethod
    def of_this_run(cls) -> Self:
        """One that is gone when it is closed."""
        return cls(_opened(":memory:", cls.steps))

    def close(self) -> None:
        self._database.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written in it, or nothing.

        Raises sqlite3.OperationalError, too, if the file has gone or its disk has turned read-only: SQLite
        sees neither while it has the file open, and ext4 goes on taking what is written, and loses it.
        """
        try:
            if self._path and is_read_only(self._path):
                raise sqlite3.OperationalError("its disk is read-only")
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        with self._database:
            yield self._database


def is_read_only(path: Path | str) -> bool:
    """Whether the disk that it lies on takes nothing. Raises OSError if it is not there."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _open_database(path: Path, steps: Sequence[str]) -> sqlite3.Connection:
    """The file, made if need be; a damaged one is put aside and begun anew.

    steps: each brings the tables from one version to the next; a file takes those that it has not had.
    Raises MemoryFileError if nothing can be kept there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_for_its_owner(path)
        try:
            return _opened(path, steps)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            log.warning("%s: damaged (%s), put aside as .damaged; the box begins anew", path, error)
            path.replace(path.with_suffix(".damaged"))
            for rest in ("-wal", "-shm"):  # of the damaged one
                path.with_name(path.name + rest).unlink(missing_ok=True)
            return _opened(path, steps)
    except (OSError, sqlite3.Error) as error:
        raise MemoryFileError(
            f"{path}: cannot be kept ({error}), so the box forgets; is the disk full or read-only?"
        ) from error


def _make_for_its_owner(path: Path) -> None:
    """What root begins (`sudo moodbox songs`) must not keep the box's own user out later."""
    if os.geteuid() == 0 and not path.exists():
        folder = path.parent.stat()
        path.touch()
        os.chown(path, folder.st_uid, folder.st_gid)


def _opened(path: Path | str, steps: Sequence[str]) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        for number, step in enumerate(steps[version:], start=version + 1):
            database.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    except sqlite3.Error:
        database.close()
        raise
    return database
