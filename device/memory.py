"""What the box knows across a cut of power: one SQLite file."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from device.database import Kept
from device.mood import Mood
from device.music.holding import Holding
from device.music.places import Place, Source
from device.music.queue import Entry
from device.music.taste import Tally, Taste
from device.rows import Number, Share, Table

FILE = "moodbox.db"
STEPS = (
    """
    CREATE TABLE IF NOT EXISTS queued (position INTEGER PRIMARY KEY, id INTEGER NOT NULL, uri TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS played (number INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL);
    """,
    "CREATE TABLE words (uri TEXT PRIMARY KEY, valence REAL NOT NULL, energy REAL NOT NULL) WITHOUT ROWID;",
    """
    ALTER TABLE queued ADD COLUMN mood TEXT NOT NULL DEFAULT '';
    CREATE TABLE tallies (
        mood TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, heard INTEGER NOT NULL,
        skipped INTEGER NOT NULL, PRIMARY KEY (mood, kind, name)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE asked (position INTEGER PRIMARY KEY, uri TEXT NOT NULL, mood TEXT NOT NULL);
    CREATE TABLE server (above INTEGER NOT NULL, started REAL NOT NULL, version INTEGER NOT NULL);
    INSERT INTO server VALUES (0, 0, 0);
    """,
)
GENRE: Literal["genre"] = "genre"
SONG: Literal["song"] = "song"
Kind = Literal["genre", "song"]
"""What a tally is of."""
Moment = Annotated[float, Meta(ge=-1e11, le=1e11)]
"""Seconds of the epoch; a Pi whose clock was not set yet may be before it."""
TABLES = (
    Table(
        "queued",
        [
            {"position": Number, "id": Number, "uri": str, "mood": mood}
            for mood in (Mood, Literal[""])  # "" of one that an older version has queued
        ],
    ),
    Table("asked", [{"position": Number, "uri": str, "mood": mood} for mood in (Mood, Literal[""])]),
    Table("server", [{"above": Number, "started": Moment, "version": Number}], single=True),
    Table("played", [{"number": Number, "uri": str}]),
    Table("tallies", [{"mood": Mood, "kind": Kind, "name": str, "heard": Number, "skipped": Number}]),
    Table("words", [{"uri": str, "valence": Share, "energy": Share}]),
    Table("sqlite_sequence", [{"name": str, "seq": Number}], carried=False),  # SQLite's own, of `played`
)
KEPT = 1000  # of the songs that were played


class Memory(Kept):
    """Every change is one transaction: after a cut of power it is there whole or not at all."""

    file, steps, tables = FILE, STEPS, TABLES

    def holding(self) -> Holding:
        """What the box had put in MPD's queue, or was about to."""
        queued = self._rows(
            tuple[Number, str, Mood | None], "SELECT id, uri, NULLIF(mood, '') FROM queued ORDER BY position"
        )
        asked = self._rows(
            tuple[str, Mood | None], "SELECT uri, NULLIF(mood, '') FROM asked ORDER BY position"
        )
        above, started, version = self._row(
            tuple[Number, Moment, Number], "SELECT above, started, version FROM server"
        )
        moods = {uri: mood for uri, mood in [*(row[1:] for row in queued), *asked] if mood}
        entries = tuple(Entry(id, uri) for id, uri, _ in queued)  # noqa: A001
        return Holding(entries, moods, tuple(uri for uri, _ in asked), above, started, version)

    def keep_holding(self, holding: Holding) -> None:
        moods = {uri: str(mood) for uri, mood in holding.moods.items()}
        queued = [(entry.id, entry.uri, moods.get(entry.uri, "")) for entry in holding.entries]
        asked = [(uri, moods.get(uri, "")) for uri in holding.asked]
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM queued")
            transaction.executemany("INSERT INTO queued (id, uri, mood) VALUES (?, ?, ?)", queued)
            transaction.execute("DELETE FROM asked")
            transaction.executemany("INSERT INTO asked (uri, mood) VALUES (?, ?)", asked)
            transaction.execute(
                "UPDATE server SET above = ?, started = ?, version = ?",
                (holding.above, holding.started, holding.version),
            )

    def played(self, last: int) -> tuple[str, ...]:
        """The URIs of the last songs that began, the latest last."""
        rows = self._rows(tuple[str], "SELECT uri FROM played ORDER BY number DESC LIMIT ?", (last,))
        return tuple(uri for (uri,) in rows)[::-1]

    def keep_played(self, uri: str) -> None:
        with self._transaction() as transaction:
            transaction.execute("INSERT INTO played (uri) VALUES (?)", (uri,))
            transaction.execute(
                "DELETE FROM played WHERE number <= (SELECT MAX(number) FROM played) - ?", (KEPT,)
            )

    def taste(self, mood: Mood) -> Taste:
        """What was learned in this mood."""
        rows = self._rows(
            tuple[Kind, Literal[0, 1], str, Number, Number],
            "SELECT kind, mood = ? AS here, name, SUM(heard), SUM(skipped) FROM tallies GROUP BY 1, 2, 3",
            (mood,),
        )
        genres, songs, genres_elsewhere, songs_elsewhere = (
            {
                name: Tally(heard, skipped)
                for kind, here, name, heard, skipped in rows
                if (kind, here) == wanted
            }
            for wanted in ((GENRE, 1), (SONG, 1), (GENRE, 0), (SONG, 0))
        )
        return Taste(genres, songs, genres_elsewhere, songs_elsewhere)

    def keep_reception(self, mood: Mood, uri: str, genre: str, *, heard: bool) -> None:
        """A song was heard or skipped; genre: "" if none is known."""
        counted = [(SONG, uri), *([(GENRE, genre)] if genre else [])]
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT INTO tallies (mood, kind, name, heard, skipped) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE"
                " SET heard = heard + excluded.heard, skipped = skipped + excluded.skipped",
                [(mood, kind, name, int(heard), int(not heard)) for kind, name in counted],
            )

    def forget(self) -> None:
        """What was learned and played; the user's own words stay."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM tallies")
            transaction.execute("DELETE FROM played")

    def words(self) -> dict[str, Place]:
        """Where songs lie by the user's own word, by URI."""
        rows = self._rows(tuple[str, Share, Share], "SELECT uri, valence, energy FROM words")
        return {uri: Place(valence, energy, 1.0, Source.OWN) for uri, valence, energy in rows}

    def keep_word(self, uri: str, valence: float, energy: float) -> None:
        with self._transaction() as transaction:
            transaction.execute(
                "INSERT OR REPLACE INTO words (uri, valence, energy) VALUES (?, ?, ?)", (uri, valence, energy)
            )

    def drop_word(self, uri: str) -> None:
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM words WHERE uri = ?", (uri,))
