"""What is known of every song in MPD's library: one SQLite file, which can always be made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from msgspec import Meta

from device.database import Kept
from device.music.places import Place, Source
from device.music.shelf import Shelf, Song, shelf_of_rows
from device.rows import Number, Share, Table, typed
from device.sound.features import Features

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
    """
    CREATE TABLE sounds (
        uri TEXT PRIMARY KEY, modified TEXT NOT NULL, fault TEXT NOT NULL,
        loudness REAL, brightness REAL, onsets REAL, tempo REAL, pulse REAL, mode REAL
    ) WITHOUT ROWID;
    """,
)
DONE = -1  # as a position: the whole library was read
Position = Annotated[int, Meta(ge=DONE, le=10**8)]
MEASURES = get_type_hints(Features, include_extras=True)
TABLES = (
    Table(
        "songs",
        [
            {
                "uri": str, "modified": str, "artist": str, "genre": str,
                "valence": Share, "energy": Share, "sure": Share, "source": Source, "reading": Number,
            }
        ],
    ),
    Table("comments", [{"uri": str, "modified": str, "mood": str}]),
    Table("progress", [{"stamp": str, "reading": Number, "position": Position}], single=True, carried=False),
    Table(
        "sounds",
        [
            {"uri": str, "modified": str, "fault": Literal[""], **MEASURES},
            {
                "uri": str, "modified": str, "fault": Annotated[str, Meta(min_length=1)],
                **dict.fromkeys(MEASURES, None),
            },
        ],
    ),
)  # fmt: skip


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


class Unheard(NamedTuple):
    """A song that was not listened to yet, and its place by its tags."""

    uri: str
    modified: str
    place: Place


class Catalogue(Kept):
    """Every change is one transaction, and `progress` is part of it: reading goes on where it stopped."""

    file, steps, tables = FILE, STEPS, TABLES
    can_be_made_again = True
    # After a cut of power the last chunks may be missing, and their progress with them: nothing is lost.
    prepare = "PRAGMA synchronous = NORMAL"
    # What was damaged is read again from MPD, under a number that none of the other rows has.
    after_loss = """
        UPDATE progress SET stamp = '', position = 0, reading = (SELECT COALESCE(MAX(reading), 0) FROM songs)
    """

    def progress(self) -> Progress:
        return Progress(
            *self._row(tuple[str, Number, Position], "SELECT stamp, reading, position FROM progress")
        )

    def begin(self, stamp: str) -> Progress:
        """Another reading, from the first song on."""
        with self._transaction() as transaction:
            transaction.execute(
                "UPDATE progress SET stamp = ?, reading = reading + 1, position = 0", (stamp,)
            )
        return self.progress()

    def keep(self, heard: Sequence[Heard]) -> None:
        """A chunk of the reading."""
        reading = self.progress().reading
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO songs"
                " (uri, modified, artist, genre, valence, energy, sure, source, reading)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (song.uri, modified, song.artist, song.genre, *_columns(song.place), reading)
                    for song, modified in heard
                ],
            )
            transaction.execute("UPDATE progress SET position = position + ?", (len(heard),))

    def finish(self) -> None:
        """The reading is through: what did not come up in it is gone from the library.

        What was heard of it is kept: a disk that was pulled out comes back, and listening takes long.
        """
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM songs WHERE reading <> (SELECT reading FROM progress)")
            transaction.execute("DELETE FROM comments WHERE uri NOT IN (SELECT uri FROM songs)")
            transaction.execute("UPDATE progress SET position = ?", (DONE,))

    def count(self) -> int:
        (count,) = self._row(tuple[int], "SELECT COUNT(*) FROM songs")
        return count

    def comments(self, uris: Sequence[str]) -> dict[str, tuple[str, str]]:
        """When the file was modified whose raw MOOD comment was asked for, and what that was ("": none)."""
        marks = ", ".join("?" * len(uris))
        rows = self._rows(
            tuple[str, str, str],
            f"SELECT uri, modified, mood FROM comments WHERE uri IN ({marks})",  # noqa: S608  (only marks)
            tuple(uris),
        )
        return {uri: (modified, mood) for uri, modified, mood in rows}

    def without_comment(self, after: str, most: int) -> list[tuple[str, str]]:
        """URIs and times of change of songs whose raw MOOD comment was not asked for yet, by URI."""
        return self._rows(
            tuple[str, str],
            "SELECT uri, modified FROM songs LEFT JOIN comments USING (uri, modified)"
            " WHERE comments.mood IS NULL AND uri > ? ORDER BY uri LIMIT ?",
            (after, most),
        )

    def keep_comments(
        self, comments: Iterable[tuple[str, str, str]], places: Iterable[tuple[str, Place]]
    ) -> None:
        """Raw MOOD comments by URI and time of change, and the places that follow from them."""
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO comments (uri, modified, mood) VALUES (?, ?, ?)", comments
            )
            transaction.executemany(
                "UPDATE songs SET valence = ?, energy = ?, sure = ?, source = ? WHERE uri = ?",
                [(*_columns(place), uri) for uri, place in places],
            )

    def unheard(self, after: str, most: int, *, known: bool) -> list[Unheard]:
        """Songs that were not listened to yet, by URI; known: those of which the tags tell something."""
        rows = self._rows(
            tuple[str, str, Share, Share, Share, Source],
            "SELECT uri, songs.modified, valence, energy, sure, source FROM songs"
            " LEFT JOIN sounds USING (uri, modified)"
            " WHERE sounds.fault IS NULL AND uri > ? AND (sure > 0) = ? ORDER BY uri LIMIT ?",
            (after, known, most),
        )
        return [
            Unheard(uri, modified, Place(valence, energy, sure, source))
            for uri, modified, valence, energy, sure, source in rows
        ]

    def keep_sound(self, song: Unheard, heard: Features | str, place: Place) -> None:
        """What was heard in a song, or why nothing could be; and the place that follows from it."""
        fault, features = (heard, (None,) * len(MEASURES)) if isinstance(heard, str) else ("", astuple(heard))
        with self._transaction() as transaction:
            transaction.execute(
                f"INSERT OR REPLACE INTO sounds (uri, modified, fault, {', '.join(MEASURES)})"  # noqa: S608
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (song.uri, song.modified, fault, *features),
            )
            transaction.execute(
                "UPDATE songs SET valence = ?, energy = ?, sure = ?, source = ? WHERE uri = ?",
                (*_columns(place), song.uri),
            )

    def sounds(self, uris: Sequence[str]) -> dict[tuple[str, str], Features]:
        """What was heard, by URI and time of change."""
        marks = ", ".join("?" * len(uris))
        kind: Any = tuple[(str, str, *MEASURES.values())]  # type: ignore[misc]
        rows = self._rows(
            kind,
            f"SELECT uri, modified, {', '.join(MEASURES)} FROM sounds"  # noqa: S608  (only marks and names)
            f" WHERE fault = '' AND uri IN ({marks})",
            tuple(uris),
        )
        return {(uri, modified): Features(*features) for uri, modified, *features in rows}

    def listened(self) -> tuple[int, int]:
        """How many songs were listened to, and in how many of them nothing could be heard."""
        return self._row(
            tuple[int, int],
            "SELECT COUNT(*), COUNT(NULLIF(fault, '')) FROM songs JOIN sounds USING (uri, modified)",
        )

    def sound(self, uri: str) -> Features | str | None:
        """What was heard in a song, or why nothing could be; None: it was not listened to yet."""
        found = self._rows(
            tuple[str, str],
            "SELECT fault, modified FROM songs JOIN sounds USING (uri, modified) WHERE uri = ?",
            (uri,),
        )
        for fault, modified in found:
            return fault or self.sounds([uri]).get((uri, modified))
        return None

    def shelf(self) -> Shelf:
        def read(database: sqlite3.Connection) -> Shelf:
            rows = database.execute("SELECT uri, artist, genre, valence, energy, sure, source FROM songs")
            return shelf_of_rows(typed(rows, tuple[str, str, str, Share, Share, Share, Source]))

        return self._asked(read)


def _columns(place: Place) -> tuple[float, float, float, str]:
    return place.valence, place.energy, place.sure, str(place.source)
