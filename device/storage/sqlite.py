"""Opens and migrates SQLite files, and distinguishes damage from a full disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from device.storage.rows import Damaged

BUSY_TIMEOUT_S = 0.25  # how long the box waits for a write of another process, while nobody gets an answer
# SQLite's codes for wrong content; its other codes are about the disk, permissions or locks.
DAMAGE_CODES = frozenset(
    {
        sqlite3.SQLITE_ERROR,  # "no such table", for example: our own SQL is never wrong
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_TOOBIG,
    }
)


class NewerVersion(Damaged):
    """The file was written by a newer version of the box."""


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the cause of an error is the content of the file."""
    # The second error is Python's own, and has no code.
    if isinstance(error, Damaged) or "decode to UTF-8" in str(error):
        return True
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in DAMAGE_CODES


@contextlib.contextmanager
def unicode_errors_as_damage() -> Iterator[None]:
    """Turn a UnicodeDecodeError, which a damaged schema may cause, into Damaged."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise Damaged("its schema is not UTF-8") from error


def is_read_only(path: Path | str) -> bool:
    """Tell whether the path is on a file system that is mounted read-only.

    Raises:
        OSError: the path does not exist.
    """
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a file without changing it."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", timeout=BUSY_TIMEOUT_S, uri=True)


def open_database(path: Path | str, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open a file for writing, create it if it does not exist, and apply the migrations that it lacks.

    Raises:
        sqlite3.Error: Damaged, NewerVersion, or one of SQLite's own.
    """
    database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
    try:
        with unicode_errors_as_damage():
            database.execute("PRAGMA journal_mode = WAL")
            migrate(database, migrations)
            _check_writable(database, path)
            # SQLite silently drops the rest of its log after a flipped bit, so move the log into the file.
            # This fails if the disk is full or another process reads it, which does no harm.
            with contextlib.suppress(sqlite3.OperationalError):
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        database.close()
        raise
    return database


@contextlib.contextmanager
def short_waits_while_locked(database: sqlite3.Connection) -> Iterator[None]:
    """After another process kept the file locked for too long, do not wait for it, until something succeeds.

    Otherwise each answer of the box would be late as long as the lock lasts.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF == sqlite3.SQLITE_BUSY:
            database.execute("PRAGMA busy_timeout = 0")
        raise
    (waits_ms,) = database.execute("PRAGMA busy_timeout").fetchone()
    if not waits_ms:
        database.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")


def _check_writable(database: sqlite3.Connection, path: Path | str) -> None:
    """Raise Damaged if only the file's header forbids writing, and another sqlite3.Error if the disk does."""
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("PRAGMA user_version = 0")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
            if os.access(path, os.W_OK) and not is_read_only(path):
                raise Damaged("its header forbids writing") from error
            raise
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:  # another process writes to it
            raise
    finally:
        database.rollback()


def migrate(database: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Apply the migrations that the database lacks, and check its structure.

    Raises:
        Damaged: its structure or its version is not valid.
        NewerVersion: it has more migrations than these.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version < 0:
        raise Damaged(f"version {version}")
    if version > len(migrations):
        raise NewerVersion(f"version {version}; this moodbox knows {len(migrations)}")
    if version < len(migrations):
        with database:
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute(
                "PRAGMA user_version"
            ).fetchone()  # another process may have applied them
            for step in migrations[version:]:
                for statement in step.split(";"):
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {len(migrations)}")
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Damaged(found)
