"""What the box knows across a cut of power: one SQLite file."""

from __future__ import annotations

from device.library.tag_affect import Affect, Source
from device.mood import Mood
from device.mpd.snapshot import Entry
from device.playback.ownership import QueueOwnership
from device.recommend.play_statistics import PlayCount, PlayStatistics
from device.storage.database import DatabaseFile

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
GENRE, SONG = "genre", "song"  # kinds of tallies
KEPT = 1000  # of the songs that were played


class Memory(DatabaseFile):
    """Every change is one transaction: after a cut of power it is there whole or not at all."""

    file, steps = FILE, STEPS

    def ownership(self) -> QueueOwnership:
        """What the box had put in MPD's queue, or was about to."""
        read = self._database.execute
        queued = read("SELECT id, uri, mood FROM queued ORDER BY position").fetchall()
        asked = read("SELECT uri, mood FROM asked ORDER BY position").fetchall()
        above, started, version = read("SELECT above, started, version FROM server").fetchone()
        moods = {uri: Mood(mood) for uri, mood in [*(row[1:] for row in queued), *asked] if mood}
        entries = tuple(Entry(id, uri) for id, uri, _ in queued)  # noqa: A001
        return QueueOwnership(entries, moods, tuple(uri for uri, _ in asked), above, started, version)

    def keep_ownership(self, ownership: QueueOwnership) -> None:
        moods = {uri: str(mood) for uri, mood in ownership.moods.items()}
        queued = [(entry.id, entry.uri, moods.get(entry.uri, "")) for entry in ownership.entries]
        asked = [(uri, moods.get(uri, "")) for uri in ownership.asked]
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM queued")
            transaction.executemany("INSERT INTO queued (id, uri, mood) VALUES (?, ?, ?)", queued)
            transaction.execute("DELETE FROM asked")
            transaction.executemany("INSERT INTO asked (uri, mood) VALUES (?, ?)", asked)
            transaction.execute(
                "UPDATE server SET above = ?, started = ?, version = ?",
                (ownership.above, ownership.started, ownership.version),
            )

    def played(self, last: int) -> tuple[str, ...]:
        """The URIs of the last songs that began, the latest last."""
        rows = self._database.execute("SELECT uri FROM played ORDER BY number DESC LIMIT ?", (last,))
        return tuple(uri for (uri,) in rows)[::-1]

    def keep_played(self, uri: str) -> None:
        with self._transaction() as transaction:
            transaction.execute("INSERT INTO played (uri) VALUES (?)", (uri,))
            transaction.execute(
                "DELETE FROM played WHERE number <= (SELECT MAX(number) FROM played) - ?", (KEPT,)
            )

    def play_statistics(self, mood: Mood) -> PlayStatistics:
        """What was learned in this mood."""
        rows = self._database.execute(
            "SELECT kind, mood = ? AS here, name, SUM(heard), SUM(skipped) FROM tallies GROUP BY 1, 2, 3",
            (mood,),
        ).fetchall()
        genres, songs, genres_elsewhere, songs_elsewhere = (
            {
                name: PlayCount(heard, skipped)
                for kind, here, name, heard, skipped in rows
                if (kind, here) == wanted
            }
            for wanted in ((GENRE, 1), (SONG, 1), (GENRE, 0), (SONG, 0))
        )
        return PlayStatistics(genres, songs, genres_elsewhere, songs_elsewhere)

    def keep_play(self, mood: Mood, uri: str, genre: str, *, heard: bool) -> None:
        """A song was heard or skipped; genre: "" if none is known."""
        counted = [(SONG, uri), *([(GENRE, genre)] if genre else [])]
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET heard = heard + excluded.heard, skipped = skipped + excluded.skipped",
                [(mood, kind, name, int(heard), int(not heard)) for kind, name in counted],
            )

    def forget(self) -> None:
        """What was learned and played; the user's own words stay."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM tallies")
            transaction.execute("DELETE FROM played")

    def words(self) -> dict[str, Affect]:
        """Where songs lie by the user's own word, by URI."""
        rows = self._database.execute("SELECT uri, valence, energy FROM words")
        return {uri: Affect(valence, energy, 1.0, Source.OWN) for uri, valence, energy in rows}

    def keep_word(self, uri: str, valence: float, energy: float) -> None:
        with self._transaction() as transaction:
            transaction.execute("INSERT OR REPLACE INTO words VALUES (?, ?, ?)", (uri, valence, energy))

    def drop_word(self, uri: str) -> None:
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM words WHERE uri = ?", (uri,))
