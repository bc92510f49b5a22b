"""A SQLite file that survives a cut of power, damage, and a new version of the box or an older one."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from device.aside import MOST, clear_the_place, put_aside, remove, wait_until_unused
from device.errors import MemoryFileError
from device.rows import BadRow, Table, carry_over, typed
from device.sqlite import Newer, bring_up, in_words, is_damage, is_read_only, opened, read_only

log = logging.getLogger(__name__)
T = TypeVar("T")


class Kept:
    """What is kept in one file: its name, the steps that make its tables, and what their rows may be.

    A file that cannot be read so is put aside, and another begun with the rows of it that are still good:
    as it is opened, and whenever the damage shows.
    """

    file: ClassVar[str]
    steps: ClassVar[Sequence[str]]  # each brings the tables from one version to the next
    tables: ClassVar[Sequence[Table]]
    can_be_made_again: ClassVar[bool] = False  # then rows are checked only as they are read
    prepare: ClassVar[str] = ""  # SQL for each connection
    after_loss: ClassVar[str] = ""  # SQL for a file that was begun with what was good of a damaged one

    def __init__(self, database: sqlite3.Connection, path: Path | None = None) -> None:
        self._database = database
        self._path = path  # None if it is only of this run
        self._lost = False  # the connection is closed, and another could not be had

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The file in `folder`, made if need be. Raises MemoryFileError if nothing can be kept there."""
        path = folder / cls.file
        return cls(cls._connected(path), path)

    @classmethod
    def of_this_run(cls) -> Self:
        """One that is gone when it is closed."""
        return cls(opened(":memory:", cls.steps))

    @classmethod
    @contextlib.contextmanager
    def at_hand(cls, folder: Path) -> Iterator[Self]:
        """For a command: checked as a whole first, and open until it ends.

        Raises MemoryFileError whatever is wrong with the file.
        """
        kept = cls.open(folder)
        try:
            if cls.can_be_made_again:
                try:
                    cls._check(kept._database)
                except sqlite3.Error as error:
                    kept._mend(error)
            yield kept
        except sqlite3.Error as error:
            raise MemoryFileError(_cannot(folder / cls.file, error)) from error
        finally:
            kept.close()

    @classmethod
    @contextlib.contextmanager
    def copied(cls, folder: Path) -> Iterator[Self]:
        """What is in the file now, in memory: on the disk nothing is changed. Raises sqlite3.Error."""
        with contextlib.closing(sqlite3.connect(":memory:")) as copy:
            with in_words(), contextlib.closing(read_only(folder / cls.file)) as file:
                file.backup(copy)
            with in_words():
                bring_up(copy, cls.steps)
            yield cls(copy)

    @classmethod
    def check(cls, folder: Path) -> str:
        """What the next start will do with the file, if that is more than to read it; nothing is done now.

        Raises MemoryFileError if it cannot be read.
        """
        path = folder / cls.file
        if not os.path.lexists(path):
            return ""
        mend = "`sudo systemctl restart moodbox` puts it aside and goes on with what is good of it"
        if not path.is_file():
            raise MemoryFileError(f"{path}: is no file: {mend}")
        try:
            with cls.copied(folder) as copy:
                cls._check(copy._database)
        except Newer as error:
            return f"{path.name} is of a newer moodbox ({error}); the next start puts it aside"
        except sqlite3.Error as error:
            what = f"{path}: damaged ({error}): {mend}" if is_damage(error) else _cannot(path, error)
            raise MemoryFileError(what) from error
        return ""

    def close(self) -> None:
        self._database.close()

    def _rows(self, kind: type[T], question: str, parameters: Sequence[object] = ()) -> list[T]:
        """kind: the type of each row, a tuple's. Raises sqlite3.Error if they cannot be had."""
        return self._asked(lambda database: list(typed(database.execute(question, parameters), kind)))

    def _row(self, kind: type[T], question: str, parameters: Sequence[object] = ()) -> T:
        """The only one that there is."""

        def read(database: sqlite3.Connection) -> T:
            rows = list(typed(database.execute(question, parameters), kind))
            if len(rows) != 1:
                raise BadRow(f"{len(rows)} rows in place of one")
            return rows[0]

        return self._asked(read)

    def _asked(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What `read` finds; if that shows the file to be damaged, what it finds in the next one.

        Of a file that can be made again it raises the error, too: who makes it has to begin anew.
        """
        try:
            with in_words():
                return read(self._open_database())
        except sqlite3.Error as error:
            self._mend(error)
            if self.can_be_made_again:
                raise
            return read(self._database)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written in it, or nothing.

        Raises sqlite3.OperationalError, too, if the file has gone or its disk has turned read-only: SQLite
        sees neither while it has the file open, and ext4 goes on taking what is written, and loses it.
        """
        database = self._open_database()
        try:
            if self._path and is_read_only(self._path):
                raise sqlite3.OperationalError("its disk is read-only")
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        try:
            with in_words(), database:
                yield database
        except sqlite3.Error as error:
            self._mend(error)
            raise

    def _open_database(self) -> sqlite3.Connection:
        if self._lost and self._path:
            try:
                self._database = self._connected(self._path)
            except MemoryFileError as error:
                raise sqlite3.OperationalError(str(error)) from error
            self._lost = False
        return self._database

    def _mend(self, error: sqlite3.Error) -> None:
        """Begins the file anew. Raises `error` if it is not of the file's content."""
        if self._path is None or not is_damage(error):
            raise error
        self._database.close()
        self._lost = True
        try:
            self._database = self._begun_anew(self._path, error)
        except (OSError, sqlite3.Error) as failure:
            raise sqlite3.OperationalError(str(failure)) from error
        self._lost = False

    @classmethod
    def _connected(cls, path: Path) -> sqlite3.Connection:
        """Raises MemoryFileError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for aside in clear_the_place(path):
                log.warning(
                    "%s: there is something in its place that is no file: put aside as %s", path, aside
                )
            if (begun := _begun(path)).exists() and not path.exists():
                begun.replace(path)  # the power was cut between two names
            _make_for_its_owner(path)
            try:
                return cls._verified(path)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                return cls._begun_anew(path, error)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, MemoryFileError):
                raise
            raise MemoryFileError(_cannot(path, error)) from error

    @classmethod
    def _verified(cls, path: Path) -> sqlite3.Connection:
        database = opened(path, cls.steps)
        try:
            database.executescript(cls.prepare)
            if not cls.can_be_made_again:
                cls._check(database)
        except sqlite3.Error:
            database.close()
            raise
        return database

    @classmethod
    def _check(cls, database: sqlite3.Connection) -> None:
        """Raises BadRow, or another sqlite3.Error."""
        with in_words():
            for table in cls.tables:
                table.check(database)

    @classmethod
    def _begun_anew(cls, path: Path, why: sqlite3.Error) -> sqlite3.Connection:
        """Another file in its place with what is good of it, made before the damaged one is put aside.

        Raises OSError or sqlite3.Error.
        """
        wait_until_unused(path)
        new = _begun(path)
        remove(new)
        _make_for_its_owner(new)
        with contextlib.closing(opened(new, cls.steps)) as database:
            with contextlib.closing(read_only(path)) as old:
                count = carry_over(old, database, cls.tables)
            database.executescript(cls.after_loss)
        if cls.can_be_made_again and isinstance(why, BadRow):
            remove(path)
            log.warning("%s: damaged rows (%s) are left out, and made again", path, why)
        else:
            newer = isinstance(why, Newer)
            aside = put_aside(path, "newer" if newer else "damaged", 1 if cls.can_be_made_again else MOST)
            what = "of a newer moodbox" if newer else "damaged"
            after = f"goes on with {count} good rows of it" if count else "begins anew"
            log.warning("%s: %s (%s), put aside as %s; the box %s", path, what, why, aside.name, after)
        new.replace(path)
        return cls._verified(path)


def _cannot(path: Path, error: Exception) -> str:
    if os.path.lexists(path) and not os.access(path, os.R_OK | os.W_OK) and not is_read_only(path.parent):
        mend = f"sudo chown --reference={path.parent} {path}; sudo chmod u+rw {path}"
        return f"{path}: may not be read and written by this user, so the box forgets: `{mend}`"
    return f"{path}: cannot be kept ({error}), so the box forgets; is the disk full or read-only?"


def _begun(path: Path) -> Path:
    """Where another file is made before it takes the place of this one."""
    return path.with_name(f"{path.name}.new")


def _make_for_its_owner(path: Path) -> None:
    """What root begins (`sudo moodbox songs`) must not keep the box's own user out later."""
    if os.geteuid() == 0 and not path.exists():
        folder = path.parent.stat()
        path.touch()
        os.chown(path, folder.st_uid, folder.st_gid)
