"""A SQLite file that survives a power failure, damage, and an upgrade or a rollback of the box."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from device.errors import MemoryFileError
from device.storage.file_state import FileState
from device.storage.folder_owner import acting_as_owner
from device.storage.no_folder import why_no_folder
from device.storage.quarantine import (
    MAX_QUARANTINED,
    non_files,
    quarantine,
    quarantine_non_files,
    remove,
    wait_until_unused,
)
from device.storage.rows import BadRow, Damaged, Table, copy_good_rows, typed_rows
from device.storage.sqlite import (
    NewerVersion,
    is_damage,
    is_read_only,
    migrate,
    open_database,
    open_read_only,
    short_waits_while_locked,
    unicode_errors_as_damage,
)

log = logging.getLogger(__name__)

COMMAND_BUSY_TIMEOUT_MS = 2000  # how long a command waits for a write of the running box
T = TypeVar("T")


class DatabaseFile:
    """One SQLite file, and the operations on it; a subclass for each kind of file.

    A damaged file is quarantined and replaced by one with the rows that are still valid, both when it is
    opened and when damage is found later.

    Attributes:
        file: the name of the file.
        migrations: SQL that brings the tables from each version to the next.
        tables: the types of the rows.
        rebuildable: whether all content can be made again. Its rows are checked only when they are read.
        prepare: SQL that is run for each connection.
        after_recovery: SQL that is run in a file that replaces a damaged one.
    """

    file: ClassVar[str]
    migrations: ClassVar[Sequence[str]]
    tables: ClassVar[Sequence[Table]]
    rebuildable: ClassVar[bool] = False
    prepare: ClassVar[str] = ""
    after_recovery: ClassVar[str] = ""

    def __init__(self, database: sqlite3.Connection, path: Path | None = None) -> None:
        self._database = database
        self._path = path  # None for a database in memory
        self._is_closed = False  # the file was damaged, and must be opened again
        self._file_state = FileState(path)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the file in `folder`, and create it if it does not exist.

        Raises:
            MemoryFileError: it can be neither opened nor replaced.
        """
        path = folder / cls.file
        return cls(cls._open_connection(path), path)

    @classmethod
    def in_memory(cls) -> Self:
        """Create one in memory, whose content is lost when it is closed."""
        return cls(open_database(":memory:", cls.migrations))

    @classmethod
    @contextlib.contextmanager
    def opened_for_command(cls, folder: Path) -> Iterator[Self]:
        """Open the file for the duration of a command, and check all its rows first.

        Raises:
            MemoryFileError: for any error of the file, also during the command.
        """
        with acting_as_owner(folder):
            opened = cls.open(folder)
            try:
                opened._database.execute(f"PRAGMA busy_timeout = {COMMAND_BUSY_TIMEOUT_MS}")
                if cls.rebuildable:
                    try:
                        cls._check(opened._database)
                    except sqlite3.Error as error:
                        opened._rebuild_if_damaged(error)
                yield opened
            except sqlite3.Error as error:
                raise MemoryFileError(_access_error(folder / cls.file, error)) from error
            finally:
                opened.close()

    @classmethod
    @contextlib.contextmanager
    def copied(cls, folder: Path) -> Iterator[Self]:
        """Copy the file into memory, and change nothing on the disk.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        with contextlib.closing(sqlite3.connect(":memory:")) as copy:
            # Closed as soon as it is copied: a file that is open cannot be replaced by a running box.
            with acting_as_owner(folder), unicode_errors_as_damage():
                for occupant in non_files(folder / cls.file):
                    raise Damaged(f"{occupant.name} is not a file")
                with contextlib.closing(open_read_only(folder / cls.file)) as file:
                    file.backup(copy)
            with unicode_errors_as_damage():
                migrate(copy, cls.migrations)
            yield cls(copy)

    @classmethod
    def check(cls, folder: Path) -> str:
        """Check the file without changing it.

        Returns:
            What the next start will do with a file of a newer version; otherwise "".

        Raises:
            MemoryFileError: it cannot be read; the message says what to do.
        """
        path = folder / cls.file
        if not os.path.lexists(path):
            return ""
        remedy = "`sudo systemctl restart moodbox` moves it aside and keeps its valid rows"
        if not path.is_file():
            raise MemoryFileError(f"{path}: is not a file: {remedy}")
        try:
            with cls.copied(folder) as copy:
                cls._check(copy._database)
        except NewerVersion as error:
            return f"{path.name} is of a newer moodbox ({error}); the next start moves it aside"
        except sqlite3.Error as error:
            what = f"{path}: damaged ({error}): {remedy}" if is_damage(error) else _access_error(path, error)
            raise MemoryFileError(what) from error
        return ""

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def _rows(self, kind: type[T], query: str, parameters: Sequence[object] = ()) -> list[T]:
        """Return the rows of a query; kind: the type of each row, a tuple. Raises sqlite3.Error."""
        return self._read_or_rebuild(
            lambda database: list(typed_rows(database.execute(query, parameters), kind))
        )

    def _row(self, kind: type[T], query: str, parameters: Sequence[object] = ()) -> T:
        """Return the result of a query that has exactly one row."""

        def read(database: sqlite3.Connection) -> T:
            rows = list(typed_rows(database.execute(query, parameters), kind))
            if len(rows) != 1:
                raise BadRow(f"{len(rows)} rows instead of one")
            return rows[0]

        return self._read_or_rebuild(read)

    def _read_or_rebuild(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return the result of `read`; if it finds damage, rebuild the file and read again.

        For a rebuildable file, the error is raised after that, because the caller must restore its content.
        """
        try:
            database = self._usable_connection()
            with unicode_errors_as_damage(), short_waits_while_locked(database):
                return read(database)
        except sqlite3.Error as error:
            self._rebuild_if_damaged(error)
            if self.rebuildable:
                raise
            return read(self._database)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Write everything in the block, or nothing.

        Raises sqlite3.OperationalError, too, if the file was deleted or its disk has become read-only. SQLite
        does not notice either while the file is open, and ext4 continues to accept writes and loses them.
        """
        database = self._usable_connection()
        try:
            if self._path and is_read_only(self._path):
                raise sqlite3.OperationalError("its disk is read-only")
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        try:
            with unicode_errors_as_damage(), short_waits_while_locked(database), database:
                yield database
        except sqlite3.Error as error:
            self._rebuild_if_damaged(error)
            raise
        self._file_state.note()

    def _usable_connection(self) -> sqlite3.Connection:
        if self._file_state.has_changed() and not self._is_closed:
            self._database.close()  # another program has written to the file, or replaced it
            self._is_closed = True
        if self._is_closed and self._path:
            try:
                self._database = self._open_connection(self._path)
            except MemoryFileError as error:
                raise sqlite3.OperationalError(str(error)) from error
            self._is_closed = False
            self._file_state.note()
        return self._database

    def _rebuild_if_damaged(self, error: sqlite3.Error) -> None:
        """Rebuild the file. Raises `error` if the content of the file is not its cause."""
        if self._path is None or not is_damage(error):
            raise error
        self._database.close()
        self._is_closed = True
        try:
            self._database = self._rebuilt(self._path, error)
        except (OSError, sqlite3.Error) as failure:
            raise sqlite3.OperationalError(str(failure)) from error
        self._is_closed = False
        self._file_state.note()

    @classmethod
    def _open_connection(cls, path: Path) -> sqlite3.Connection:
        """Raises MemoryFileError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for quarantined in quarantine_non_files(path):
                log.warning(
                    "%s: something else than a file is in its place; it was moved to %s", path, quarantined
                )
            if (replacement := _replacement_path(path)).exists() and not path.exists():
                replacement.replace(path)  # the power failed between the two renames
            try:
                return cls._open_and_check(path)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                return cls._rebuilt(path, error)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, MemoryFileError):
                raise
            raise MemoryFileError(_access_error(path, error)) from error

    @classmethod
    def _open_and_check(cls, path: Path) -> sqlite3.Connection:
        database = open_database(path, cls.migrations)
        try:
            database.executescript(cls.prepare)
            if not cls.rebuildable:
                cls._check(database)
        except sqlite3.Error:
            database.close()
            raise
        return database

    @classmethod
    def _check(cls, database: sqlite3.Connection) -> None:
        """Raises BadRow, or another sqlite3.Error."""
        with unicode_errors_as_damage():
            for table in cls.tables:
                table.check(database)

    @classmethod
    def _rebuilt(cls, path: Path, why: sqlite3.Error) -> sqlite3.Connection:
        """Replace the file by one with its valid rows, which is made before the damaged one is quarantined.

        Raises OSError or sqlite3.Error.
        """
        wait_until_unused(path)
        new = _replacement_path(path)
        for quarantined in quarantine_non_files(new):
            log.warning(
                "%s: something else than a file is in its place; it was moved to %s", new, quarantined
            )
        remove(new)
        with contextlib.closing(open_database(new, cls.migrations)) as database:
            with contextlib.closing(open_read_only(path)) as old:
                count = copy_good_rows(old, database, cls.tables)
            database.executescript(cls.after_recovery)
        if cls.rebuildable and isinstance(why, BadRow):
            remove(path)
            log.warning("%s: damaged rows (%s) are deleted, and will be made again", path, why)
        else:
            newer = isinstance(why, NewerVersion)
            quarantined = quarantine(
                path, "newer" if newer else "damaged", 1 if cls.rebuildable else MAX_QUARANTINED
            )
            what = "of a newer moodbox" if newer else "damaged"
            after = f"keeps {count} valid rows of it" if count else "starts with an empty one"
            log.warning("%s: %s (%s), moved to %s; the box %s", path, what, why, quarantined.name, after)
        new.replace(path)
        return cls._open_and_check(path)


def _access_error(path: Path, error: Exception) -> str:
    if why := why_no_folder(path.parent):
        return f"{path}: cannot be stored, because {why}; so nothing is remembered"
    if os.path.lexists(path) and not os.access(path, os.R_OK | os.W_OK) and not is_read_only(path.parent):
        remedy = f"sudo chown --reference={path.parent} {path}; sudo chmod u+rw {path}"
        return f"{path}: may not be read and written by this user, so nothing is remembered: `{remedy}`"
    return f"{path}: cannot be stored ({error}), so nothing is remembered; is the disk full or read-only?"


def _replacement_path(path: Path) -> Path:
    """Return where a new file is made before it replaces this one."""
    return path.with_name(f"{path.name}.new")
