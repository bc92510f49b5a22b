"""The library index: what is known of every song in MPD's library, in one SQLite file.

The file can always be rebuilt from MPD and the songs themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from msgspec import Meta

from device.library.audio.features import FEATURES_VERSION, Features
from device.library.table import Song, SongTable, song_table_from_rows
from device.library.tag_affect import Affect, Source
from device.storage.database import DatabaseFile
from device.storage.rows import Number, Share, Table, typed_rows

FILE = "songs.db"
MIGRATIONS = (
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
    "CREATE TABLE left_out (uri TEXT PRIMARY KEY) WITHOUT ROWID;",
    # All songs are analyzed again: more is measured, and what is measured differs by version.
    """
    DROP TABLE sounds;
    CREATE TABLE sounds (
        uri TEXT PRIMARY KEY, modified TEXT NOT NULL, fault TEXT NOT NULL, version INTEGER NOT NULL,
        loudness REAL, brightness REAL, onsets REAL, tempo REAL, pulse REAL, mode REAL, key_clarity REAL,
        major_triads REAL, minor_triads REAL, diminished_triads REAL, harmonic_change REAL,
        harmonic_irregularity REAL, chroma_entropy REAL, pitch REAL, high_pitch REAL, notes REAL, flux REAL,
        flux_variation REAL, dynamics REAL, attack REAL, decay REAL, noisiness REAL
    ) WITHOUT ROWID;
    """,
    """
    DELETE FROM sounds;
    ALTER TABLE sounds ADD COLUMN semitones REAL;
    ALTER TABLE sounds ADD COLUMN fifths REAL;
    ALTER TABLE sounds ADD COLUMN low_pitch REAL;
    """,
)
DONE = -1  # the position after a scan of the whole library
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
    Table(
        "progress",
        [{"stamp": str, "reading": Number, "position": Position}],
        single=True,
        recoverable=False,
    ),
    Table("left_out", [{"uri": str}]),
    Table(
        "sounds",
        [
            {"uri": str, "modified": str, "fault": Literal[""], "version": Number, **MEASURES},
            {
                "uri": str, "modified": str, "fault": Annotated[str, Meta(min_length=1)],
                "version": Number, **dict.fromkeys(MEASURES, None),
            },
        ],
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """How far the library was scanned.

    Attributes:
        stamp: identifies what was scanned; it differs for another server, library state or lexicon.
        scan_number: counts the scans.
        position: how many songs of the scan are stored, or DONE.
    """

    stamp: str
    scan_number: int
    position: int


class TaggedSong(NamedTuple):
    """A song as MPD describes it, when its file was modified, and whether the box leaves it out."""

    song: Song
    modified: str
    left_out: bool = False


class UnanalyzedSong(NamedTuple):
    """A song whose sound was not analyzed yet, with its affect by tags."""

    uri: str
    modified: str
    affect: Affect


class LibraryIndex(DatabaseFile):
    """Stores songs, the progress of the scan, and the features of analyzed songs.

    Every change is one transaction that includes the progress, so a scan continues where it stopped.
    """

    file, migrations, tables = FILE, MIGRATIONS, TABLES
    rebuildable = True
    # A power failure may undo the last transactions, and the progress with them: the scan repeats them.
    prepare = "PRAGMA synchronous = NORMAL"
    # The library is scanned again, under a number that none of the recovered rows has.
    after_recovery = """
        UPDATE progress SET stamp = '', position = 0, reading = (SELECT COALESCE(MAX(reading), 0) FROM songs)
    """

    def progress(self) -> Progress:
        """Return how far the library was scanned."""
        return Progress(
            *self._row(tuple[str, Number, Position], "SELECT stamp, reading, position FROM progress")
        )

    def begin(self, stamp: str, *, forget_empty_comments: bool = False) -> Progress:
        """Begin another scan, from the first song on; what an older version measured is deleted.

        Args:
            stamp: identifies what is scanned.
            forget_empty_comments: whether songs in which no MOOD was found are read once more.
        """
        with self._transaction() as transaction:
            if forget_empty_comments:
                transaction.execute("DELETE FROM comments WHERE mood = ''")
            transaction.execute("DELETE FROM sounds WHERE version <> ?", (FEATURES_VERSION,))
            transaction.execute(
                "UPDATE progress SET stamp = ?, reading = reading + 1, position = 0", (stamp,)
            )
        return self.progress()

    def keep(self, songs: Sequence[TaggedSong]) -> None:
        """Store the next chunk of the scan."""
        scan_number = self.progress().scan_number
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO songs"
                " (uri, modified, artist, genre, valence, energy, sure, source, reading)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (song.uri, modified, song.artist, song.genre, *_columns(song.affect), scan_number)
                    for song, modified, _ in songs
                ],
            )
            transaction.executemany(
                "DELETE FROM left_out WHERE uri = ?", [(each.song.uri,) for each in songs]
            )
            transaction.executemany(
                "INSERT INTO left_out (uri) VALUES (?)", [(each.song.uri,) for each in songs if each.left_out]
            )
            transaction.execute("UPDATE progress SET position = position + ?", (len(songs),))

    def finish(self) -> None:
        """End the scan: delete the songs that it did not find.

        Their features are kept, because the analysis takes long, and a disk that was removed may return.
        """
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM songs WHERE reading <> (SELECT reading FROM progress)")
            transaction.execute("DELETE FROM comments WHERE uri NOT IN (SELECT uri FROM songs)")
            transaction.execute("DELETE FROM left_out WHERE uri NOT IN (SELECT uri FROM songs)")
            transaction.execute("UPDATE progress SET position = ?", (DONE,))

    def count(self) -> int:
        """Return the number of songs."""
        (count,) = self._row(tuple[int], "SELECT COUNT(*) FROM songs")
        return count

    def left_out_count(self) -> int:
        """Return how many songs the box leaves out."""
        (count,) = self._row(tuple[int], "SELECT COUNT(*) FROM left_out")
        return count

    def comments(self, uris: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return the raw MOOD comments that were read, by URI: the file's time of change, and the comment."""
        marks = ", ".join("?" * len(uris))
        rows = self._rows(
            tuple[str, str, str],
            f"SELECT uri, modified, mood FROM comments WHERE uri IN ({marks})",  # noqa: S608  (only marks)
            tuple(uris),
        )
        return {uri: (modified, mood) for uri, modified, mood in rows}

    def without_comment(self, after: str, most: int) -> list[tuple[str, str]]:
        """Return URI and time of change of songs without a known mood tag, by URI.

        Without songs whose raw MOOD comment was already read, and songs that the box leaves out.
        """
        return self._rows(
            tuple[str, str],
            "SELECT uri, modified FROM songs LEFT JOIN comments USING (uri, modified)"
            " WHERE comments.mood IS NULL AND source <> ? AND uri > ?"
            " AND uri NOT IN (SELECT uri FROM left_out) ORDER BY uri LIMIT ?",
            (str(Source.MOOD), after, most),
        )

    def keep_comments(
        self, comments: Iterable[tuple[str, str, str]], affects: Iterable[tuple[str, Affect]]
    ) -> None:
        """Store raw MOOD comments (URI, time of change, comment), and the affects that result from them."""
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT OR REPLACE INTO comments (uri, modified, mood) VALUES (?, ?, ?)", comments
            )
            transaction.executemany(
                "UPDATE songs SET valence = ?, energy = ?, sure = ?, source = ? WHERE uri = ?",
                [(*_columns(affect), uri) for uri, affect in affects],
            )

    def unanalyzed(self, after: str, most: int, *, known: bool) -> list[UnanalyzedSong]:
        """Return songs that were not analyzed yet and are not left out, in the order of URIs.

        Args:
            after: only songs whose URI follows this one.
            most: the largest number of songs to return.
            known: whether to return the songs whose tags tell something, or the others.
        """
        rows = self._rows(
            tuple[str, str, Share, Share, Share, Source],
            "SELECT uri, songs.modified, valence, energy, sure, source FROM songs"
            " LEFT JOIN sounds USING (uri, modified)"
            " WHERE sounds.fault IS NULL AND uri > ? AND (sure > 0) = ?"
            " AND uri NOT IN (SELECT uri FROM left_out) ORDER BY uri LIMIT ?",
            (after, known, most),
        )
        return [
            UnanalyzedSong(uri, modified, Affect(valence, energy, confidence, source))
            for uri, modified, valence, energy, confidence, source in rows
        ]

    def keep_analysis(self, song: UnanalyzedSong, analysis: Features | str, affect: Affect) -> None:
        """Store a song's features, or the reason why it cannot be analyzed, and its affect from now on."""
        fault, features = (
            (analysis, (None,) * len(MEASURES)) if isinstance(analysis, str) else ("", astuple(analysis))
        )
        with self._transaction() as transaction:
            transaction.execute(
                f"INSERT OR REPLACE INTO sounds (uri, modified, fault, version, {', '.join(MEASURES)})"  # noqa: S608
                f" VALUES (?, ?, ?, ?{', ?' * len(MEASURES)})",
                (song.uri, song.modified, fault, FEATURES_VERSION, *features),
            )
            transaction.execute(
                "UPDATE songs SET valence = ?, energy = ?, sure = ?, source = ? WHERE uri = ?",
                (*_columns(affect), song.uri),
            )

    def features(self, uris: Sequence[str]) -> dict[tuple[str, str], Features]:
        """Return the features of analyzed songs, by URI and time of change."""
        marks = ", ".join("?" * len(uris))
        kind: Any = tuple[(str, str, *MEASURES.values())]  # type: ignore[misc]
        rows = self._rows(
            kind,
            f"SELECT uri, modified, {', '.join(MEASURES)} FROM sounds"  # noqa: S608  (only marks and names)
            f" WHERE fault = '' AND uri IN ({marks})",
            tuple(uris),
        )
        return {(uri, modified): Features(*features) for uri, modified, *features in rows}

    def analysis_counts(self) -> tuple[int, int]:
        """Return how many songs were analyzed, and how many of these without a result."""
        return self._row(
            tuple[int, int],
            "SELECT COUNT(*), COUNT(NULLIF(fault, '')) FROM songs JOIN sounds USING (uri, modified)",
        )

    def analysis(self, uri: str) -> Features | str | None:
        """Return a song's features, or why it cannot be analyzed; None if it was not analyzed yet."""
        found = self._rows(
            tuple[str, str],
            "SELECT fault, modified FROM songs JOIN sounds USING (uri, modified) WHERE uri = ?",
            (uri,),
        )
        for fault, modified in found:
            return fault or self.features([uri]).get((uri, modified))
        return None

    def table(self) -> SongTable:
        """Return all songs."""

        def read(database: sqlite3.Connection) -> SongTable:
            rows = database.execute("SELECT uri, artist, genre, valence, energy, sure, source FROM songs")
            table = song_table_from_rows(typed_rows(rows, tuple[str, str, str, Share, Share, Share, Source]))
            left_out = typed_rows(database.execute("SELECT uri FROM left_out"), tuple[str])
            return table.leaving_out(uri for (uri,) in left_out)

        return self._read_or_rebuild(read)


def _columns(affect: Affect) -> tuple[float, float, float, str]:
    return affect.valence, affect.energy, affect.confidence, str(affect.source)
