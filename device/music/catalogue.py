"""What is known of every song in MPD's library: one SQLite file, which can always be made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from device.database import Kept
from device.music.places import Place
from device.music.shelf import Shelf, Song, shelf_of_rows

FILE = "songs.db"
STEPS = (
    """
    CREATE TABLE songs (
        uri TEXT PRIMARY KEY, modified TEXT NOT NULL, artist TEXT NOT NULL, genre TEXT NOT NULL,
        valence REAL NOT NULL, energy REAL NOT NULL, sure REAL NOT NULL, source TEXT NOT NULL,
        reading INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE comments (uri TEXT PRIMARY KEY, modified TEXT NOT NULL, mood TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE progress (stamp TEXT NOT NULL, reading INTEGER NOT NULL, position INTEGER NOT NULL);
    INSERT INTO progress VALUES ('', 0, 0);
    """,
)
DONE = -1  # as a position: the whole library was read


@dataclass(frozen=True)
class Progress:
    """How far the library was read.

    stamp: of what: another server, library or table of places has another one.
    reading: its number. position: how many songs of it are through, or DONE.
    """

    stamp: str
    reading: int
    position: int


class Heard(NamedTuple):
    """What MPD says of one song, its mood included if MPD knows such a tag. modified: when its file was."""

    song: Song
    modified: str


class Catalogue(Kept):
    """Every change is one transaction, and `progress` is part of it: reading goes on where it stopped."""

    file, steps = FILE, STEPS

    def __init__(self, database: sqlite3.Connection) -> None:
        super().__init__(database)
        # After a cut of power the last chunks may be missing, and their progress with them: nothing is lost.
        database.execute("PRAGMA synchronous = NORMAL")

    def progress(self) -> Progress:
        return Progress(*self._database.execute("SELECT stamp, reading, position FROM progress").fetchone())

    def begin(self, stamp: str) -> Progress:
        """Another reading, from the first song on."""
        with self._database as transaction:
            transaction.execute(
                "UPDATE progress SET stamp = ?, reading = reading + 1, position = 0", (stamp,)
            )
        return self.progress()

    def keep(self, heard: Sequence[Heard]) -> None:
        """A chunk of the reading."""
        reading = self.progress().reading
        with self._database as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO songs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (song.uri, modified, song.artist, song.genre, *_columns(song.place), reading)
                    for song, modified in heard
                ],
            )
            transaction.execute("UPDATE progress SET position = position + ?", (len(heard),))

    def finish(self) -> None:
        """The reading is through: what did not come up in it is gone from the library."""
        with self._database as transaction:
            transaction.execute("DELETE FROM songs WHERE reading <> (SELECT reading FROM progress)")
            transaction.execute("DELETE FROM comments WHERE uri NOT IN (SELECT uri FROM songs)")
            transaction.execute("UPDATE progress SET position = ?", (DONE,))

    def count(self) -> int:
        (count,) = self._database.execute("SELECT COUNT(*) FROM songs").fetchone()
        return int(count)

    def comments(self, uris: Sequence[str]) -> dict[str, tuple[str, str]]:
        """When the file was modified whose raw MOOD comment was asked for, and what that was ("": none)."""
        marks = ", ".join("?" * len(uris))
        rows = self._database.execute(
            f"SELECT uri, modified, mood FROM comments WHERE uri IN ({marks})",  # noqa: S608  (only marks)
            tuple(uris),
        )
        return {uri: (modified, mood) for uri, modified, mood in rows}

    def without_comment(self, after: str, most: int) -> list[tuple[str, str]]:
        """URIs and times of change of songs whose raw MOOD comment was not asked for yet, by URI."""
        return self._database.execute(
            "SELECT uri, modified FROM songs LEFT JOIN comments USING (uri, modified)"
            " WHERE comments.mood IS NULL AND uri > ? ORDER BY uri LIMIT ?",
            (after, most),
        ).fetchall()

    def keep_comments(
        self, comments: Iterable[tuple[str, str, str]], places: Iterable[tuple[str, Place]]
    ) -> None:
        """Raw MOOD comments by URI and time of change, and the places that follow from them."""
        with self._database as transaction:
            transaction.executemany("INSERT OR REPLACE INTO comments VALUES (?, ?, ?)", comments)
            transaction.executemany(
                "UPDATE songs SET valence = ?, energy = ?, sure = ?, source = ? WHERE uri = ?",
                [(*_columns(place), uri) for uri, place in places],
            )

    def shelf(self) -> Shelf:
        return shelf_of_rows(
            self._database.execute("SELECT uri, artist, genre, valence, energy, sure, source FROM songs")
        )


def _columns(place: Place) -> tuple[float, float, float, str]:
    return place.valence, place.energy, place.sure, str(place.source)
