"""What the box knows across a cut of power: one SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from device.errors import MemoryFileError
from device.music.queue import Entry

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS queued (position INTEGER PRIMARY KEY, id INTEGER NOT NULL, uri TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS played (number INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL);
"""
KEPT = 1000  # of the songs that were played


class Memory:
    """Every change is one transaction: after a cut of power it is there whole or not at all."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The file in `folder`, made if need be; a damaged one is put aside and begun anew.

        Raises MemoryFileError if nothing can be kept there.
        """
        path = folder / "moodbox.db"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                return cls(_opened(path))
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                log.warning("%s: damaged (%s), put aside as .damaged; the box begins anew", path, error)
                path.replace(path.with_suffix(".damaged"))
                for rest in ("-wal", "-shm"):  # of the damaged one
                    path.with_name(path.name + rest).unlink(missing_ok=True)
                return cls(_opened(path))
        except (OSError, sqlite3.Error) as error:
            raise MemoryFileError(
                f"{path}: cannot be kept ({error}), so the box forgets; is the disk full or read-only?"
            ) from error

    @classmethod
    def of_this_run(cls) -> Self:
        """One that is gone when the box ends."""
        return cls(_opened(":memory:"))

    def close(self) -> None:
        self._database.close()

    def queued(self) -> tuple[Entry, ...]:
        """What the box had put in MPD's queue."""
        rows = self._database.execute("SELECT id, uri FROM queued ORDER BY position")
        return tuple(Entry(*row) for row in rows)

    def keep_queued(self, entries: Sequence[Entry]) -> None:
        with self._database as transaction:
            transaction.execute("DELETE FROM queued")
            transaction.executemany("INSERT INTO queued (id, uri) VALUES (?, ?)", entries)

    def played(self, last: int) -> tuple[str, ...]:
        """The URIs of the last songs that began, the latest last."""
        rows = self._database.execute("SELECT uri FROM played ORDER BY number DESC LIMIT ?", (last,))
        return tuple(uri for (uri,) in rows)[::-1]

    def keep_played(self, uri: str) -> None:
        with self._database as transaction:
            transaction.execute("INSERT INTO played (uri) VALUES (?)", (uri,))
            transaction.execute(
                "DELETE FROM played WHERE number <= (SELECT MAX(number) FROM played) - ?", (KEPT,)
            )


def _opened(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA)
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    except sqlite3.Error:
        database.close()
        raise
    return database
