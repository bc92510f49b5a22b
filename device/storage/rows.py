"""Types of the rows in SQLite files, and their validation."""

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

ROWS_PER_CHUNK = 1000  # that are validated at once

Number = Annotated[int, Meta(ge=0, le=2**53)]
"""A count, an id or a version. SQLite could store larger ones, and could not add to the largest."""
Share = Annotated[float, Meta(ge=0, le=1)]


class Damaged(sqlite3.DatabaseError):
    """The content of a file is not what the box wrote."""


class BadRow(Damaged):
    """A row does not match its types; the file itself can be read."""


@dataclass(frozen=True)
class Table:
    """A table and the types of its rows.

    Attributes:
        name: the table's name.
        row_types: alternatives, each with the type of each column; a row must match one of them.
        single: whether the table must hold exactly one row.
        recoverable: whether its valid rows are copied from a damaged file.
    """

    name: str
    row_types: Sequence[Mapping[str, Any]]
    single: bool = False
    recoverable: bool = True

    @property
    def row_type(self) -> Any:
        """The type of a row, a tuple."""
        return self._types[0]

    @property
    def select(self) -> str:
        """A query for all rows."""
        return f"SELECT {', '.join(self.row_types[0])} FROM {self.name}"  # noqa: S608  (names of our own)

    @property
    def insert(self) -> str:
        """A statement that inserts a row, unless its key exists."""
        names, marks = ", ".join(self.row_types[0]), ", ".join("?" * len(self.row_types[0]))
        return f"INSERT OR IGNORE INTO {self.name} ({names}) VALUES ({marks})"  # noqa: S608

    def check(self, database: sqlite3.Connection) -> None:
        """Validate all rows.

        Raises:
            BadRow: a row does not match its types, or their number is wrong.
            sqlite3.Error: they cannot be read.
        """
        count = 0
        with validation_errors_as_bad_rows(self.name):
            rows = database.execute(self.select)
            while chunk := rows.fetchmany(ROWS_PER_CHUNK):
                self._check(chunk)
                count += len(chunk)
        if self.single and count != 1:
            raise BadRow(f"{self.name}: {count} rows instead of one")

    def good_rows(self, database: sqlite3.Connection) -> Iterator[Row]:
        """Yield the valid rows, as far as the table can be read. Changes the connection's text_factory."""
        database.text_factory = bytes  # a text that is not UTF-8 would end the query
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
        return [tuple[tuple(kind.values())] for kind in self.row_types]  # type: ignore[misc]


def _is(row: Row, kind: Any) -> bool:
    try:
        msgspec.convert(row, kind)
    except msgspec.ValidationError:
        return False
    return True


def typed_rows(cursor: sqlite3.Cursor, kind: type[T]) -> Iterator[T]:
    """Yield the rows of a query as tuples of the type `kind`.

    Raises:
        BadRow: a row does not match it.
    """
    with validation_errors_as_bad_rows("a row"):
        while chunk := cursor.fetchmany(ROWS_PER_CHUNK):
            yield from msgspec.convert(chunk, list[kind])  # type: ignore[valid-type]


@contextlib.contextmanager
def validation_errors_as_bad_rows(what: str) -> Iterator[None]:
    """Turn errors of validation and decoding into a BadRow whose message begins with `what`."""
    try:
        yield
    except (msgspec.ValidationError, sqlite3.OperationalError) as error:
        if isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" not in str(error):
            raise
        raise BadRow(f"{what}: {ascii(str(error))[1:-1]}") from error


def copy_good_rows(old: sqlite3.Connection, new: sqlite3.Connection, tables: Sequence[Table]) -> int:
    """Copy the valid rows of a damaged database into an empty one, and return their number."""
    count = 0
    with new:
        for table in tables:
            if not table.recoverable:
                continue
            rows = list(table.good_rows(old))
            if table.single:
                if len(rows) != 1:
                    continue
                new.execute(f"DELETE FROM {table.name}")  # noqa: S608  (a name of our own)
            count += new.executemany(table.insert, rows).rowcount if rows else 0
    return count
