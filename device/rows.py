"""What a row of the box's files may be: the one place where what is stored is checked against types."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
Row = tuple[Any, ...]

CHUNK = 1000  # rows that are checked at once

Number = Annotated[int, Meta(ge=0, le=2**53)]
"""A count, an id or a version. SQLite could store larger ones, and could not add to the largest."""
Share = Annotated[float, Meta(ge=0, le=1)]


class Damaged(sqlite3.DatabaseError):
    """What is in a file is not what the box has written there."""


class BadRow(Damaged):
    """A row is not as its types say; the file around it is sound."""


@dataclass(frozen=True)
class Table:
    """A table, and what its rows may be.

    kinds: the type of each column by its name; a row has to be as one of the kinds says.
    single: it holds one row, no more and no less.
    carried: its good rows are taken over from a damaged file.
    """

    name: str
    kinds: Sequence[Mapping[str, Any]]
    single: bool = False
    carried: bool = True

    @property
    def select(self) -> str:
        return f"SELECT {', '.join(self.kinds[0])} FROM {self.name}"  # noqa: S608  (names of our own)

    @property
    def insert(self) -> str:
        """A row whose key is there already is passed over."""
        names, marks = ", ".join(self.kinds[0]), ", ".join("?" * len(self.kinds[0]))
        return f"INSERT OR IGNORE INTO {self.name} ({names}) VALUES ({marks})"  # noqa: S608

    def check(self, database: sqlite3.Connection) -> None:
        """Raises BadRow if a row is not as it may be, and another sqlite3.Error if it cannot be read."""
        count = 0
        with naming_bad_rows(self.name):
            rows = database.execute(self.select)
            while chunk := rows.fetchmany(CHUNK):
                self._check(chunk)
                count += len(chunk)
        if self.single and count != 1:
            raise BadRow(f"{self.name}: {count} rows in place of one")

    def good_rows(self, database: sqlite3.Connection) -> Iterator[Row]:
        """Those that are as they may be, as far as it can be read. Sets the database's text_factory."""
        database.text_factory = bytes  # a text that is not UTF-8 must not end the reading
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            for row in database.execute(self.select):
                with contextlib.suppress(UnicodeDecodeError, msgspec.ValidationError):
                    read = tuple(value.decode() if isinstance(value, bytes) else value for value in row)
                    self._check([read])
                    yield read

    def _check(self, rows: Sequence[Row]) -> None:
        """Raises msgspec.ValidationError."""
        first, *others = self._types
        try:
            msgspec.convert(rows, list[first])  # type: ignore[valid-type]
        except msgspec.ValidationError:
            for row in rows:
                if not any(_is(row, kind) for kind in (first, *others)):
                    raise

    @cached_property
    def _types(self) -> Sequence[Any]:
        return [tuple[tuple(kind.values())] for kind in self.kinds]  # type: ignore[misc]


def _is(row: Row, kind: Any) -> bool:
    try:
        msgspec.convert(row, kind)
    except msgspec.ValidationError:
        return False
    return True


def typed(cursor: sqlite3.Cursor, kind: type[T]) -> Iterator[T]:
    """The rows as `kind`, a type of tuple. Raises BadRow for one that is not."""
    with naming_bad_rows("a row"):
        while chunk := cursor.fetchmany(CHUNK):
            yield from msgspec.convert(chunk, list[kind])  # type: ignore[valid-type]


@contextlib.contextmanager
def naming_bad_rows(what: str) -> Iterator[None]:
    """Makes a BadRow of what is said of a row that is not as it may be."""
    try:
        yield
    except (msgspec.ValidationError, sqlite3.OperationalError) as error:
        if isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" not in str(error):
            raise
        raise BadRow(f"{what}: {ascii(str(error))[1:-1]}") from error


def carry_over(old: sqlite3.Connection, new: sqlite3.Connection, tables: Sequence[Table]) -> int:
    """Copies the good rows of a damaged file into an empty one, and returns how many there were."""
    count = 0
    with new:
        for table in tables:
            if not table.carried:
                continue
            rows = list(table.good_rows(old))
            if table.single:
                if len(rows) != 1:
                    continue
                new.execute(f"DELETE FROM {table.name}")  # noqa: S608  (a name of our own)
            count += new.executemany(table.insert, rows).rowcount if rows else 0
    return count
