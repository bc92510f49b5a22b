"""SQLite's own side of a file of the box: opening it, bringing it up, and telling damage from a full disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from device.rows import Damaged

PATIENCE = 1.0  # seconds that a write waits for one of another process
# What SQLite says of a file whose content is wrong; its other words are about the disk or about who may what.
OF_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_ERROR,  # "no such table": what we ask is never wrong by itself
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_TOOBIG,
    }
)


class Newer(Damaged):
    """A newer version of the box has written it."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the content of the file is what is wrong."""
    if isinstance(error, Damaged) or "decode to UTF-8" in str(error):  # Python's own word, without a code
        return True
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in OF_DAMAGE


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Python cannot pass on what SQLite says of a damaged schema if the names in there are not UTF-8."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise Damaged("its schema is not UTF-8") from error


def is_read_only(path: Path | str) -> bool:
    """Whether the disk that it lies on takes nothing. Raises OSError if it is not there."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", timeout=PATIENCE, uri=True)


def opened(path: Path | str, steps: Sequence[str]) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE)
    try:
        with in_words():
            database.execute("PRAGMA journal_mode = WAL")
            bring_up(database, steps)
            _check_that_it_takes_writes(database, path)
            # A flipped bit in SQLite's log loses the rest of it in silence: so it is emptied into the file,
            # unless the disk is full, or another process reads in it.
            with contextlib.suppress(sqlite3.OperationalError):
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _check_that_it_takes_writes(database: sqlite3.Connection, path: Path | str) -> None:
    """Raises Damaged if only the file's own header forbids it, and another sqlite3.Error if the disk does."""
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("PRAGMA user_version = 0")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
            if os.access(path, os.W_OK) and not is_read_only(path):
                raise Damaged("its header forbids to write to it") from error
            raise
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:  # another process writes to it
            raise
    finally:
        database.rollback()


def bring_up(database: sqlite3.Connection, steps: Sequence[str]) -> None:
    """Takes the steps that the file has not had. Raises Damaged if it is not whole, Newer if it has more."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version < 0:
        raise Damaged(f"version {version}")
    if version > len(steps):
        raise Newer(f"version {version}; this one knows {len(steps)}")
    if version < len(steps):
        with database:
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()  # another may have been first
            for step in steps[version:]:
                for statement in step.split(";"):
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {len(steps)}")
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Damaged(found)
