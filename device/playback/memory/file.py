"""What the box remembers across restarts and power failures, in one SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Literal

from device.library.tag_affect import Affect, Source
from device.mood import Mood
from device.mood_bias import MoodBias
from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Entry
from device.playback.memory.schema import (
    FILE,
    GENRE_KIND,
    MIGRATIONS,
    SONG_KIND,
    TABLES,
    BiasCount,
    Coordinate,
    CountKind,
    EstimateText,
    Moment,
    Plays,
)
from device.playback.ownership import QueueOwnership
from device.recommend.play_statistics import PlayCount, PlayStatistics
from device.storage.database import DatabaseFile
from device.storage.rows import Number, Row, Share
from device.vision.furniture import Box, FaceLocation, FaceLocations

LEAST_PLAY = 1e-6  # less than that is what rounding has left of a play that was taken back
MAX_PLAYED = 1000  # played songs that are remembered


class Memory(DatabaseFile):
    """Queue ownership, played songs, play statistics, what the user has said of songs, furniture, mood bias.

    Every change is one transaction: a power failure leaves it complete or not made at all.
    """

    file, migrations, tables = FILE, MIGRATIONS, TABLES
    prepare = "PRAGMA secure_delete = ON"  # what is forgotten is not left in the file

    def ownership(self) -> QueueOwnership:
        """Return the songs that the box has put into MPD's queue, or has asked MPD to add."""
        queued = self._rows(
            tuple[Number, str, EstimateText], "SELECT id, uri, mood FROM queued ORDER BY position"
        )
        asked = self._rows(tuple[str, EstimateText], "SELECT uri, mood FROM asked ORDER BY position")
        above, started, version = self._row(
            tuple[Number, Moment, Number], "SELECT above, started, version FROM server"
        )
        estimates = {}
        for uri, text in [*(row[1:] for row in queued), *asked]:
            with contextlib.suppress(ValueError):  # an older version's, or probabilities that sum to nothing
                estimates[uri] = MoodEstimate.parse(text)
        entries = tuple(Entry(id, uri) for id, uri, _ in queued)  # noqa: A001
        return QueueOwnership(entries, estimates, tuple(uri for uri, _ in asked), above, started, version)

    def keep_ownership(self, ownership: QueueOwnership) -> None:
        """Replace the stored queue ownership."""
        texts = {uri: estimate.text for uri, estimate in ownership.estimates.items()}
        queued = [(entry.id, entry.uri, texts.get(entry.uri, "")) for entry in ownership.entries]
        asked = [(uri, texts.get(uri, "")) for uri in ownership.asked]
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
        """Return the URIs of the `last` songs that began most recently, the latest one at the end."""
        rows = self._rows(tuple[str], "SELECT uri FROM played ORDER BY number DESC LIMIT ?", (last,))
        return tuple(uri for (uri,) in rows)[::-1]

    def keep_played(self, uri: str) -> None:
        """Store that a song began."""
        with self._transaction() as transaction:
            transaction.execute("INSERT INTO played (uri) VALUES (?)", (uri,))
            transaction.execute(
                "DELETE FROM played WHERE number <= (SELECT MAX(number) FROM played) - ?", (MAX_PLAYED,)
            )

    def play_statistics(self, estimate: MoodEstimate) -> PlayStatistics:
        """Return what was learned in these moods, each by its probability, and in all others together."""
        rows = self._rows(
            tuple[Mood, CountKind, str, Plays, Plays], "SELECT mood, kind, name, heard, skipped FROM tallies"
        )
        shares = estimate.probabilities
        sums: dict[tuple[CountKind, bool], dict[str, PlayCount]] = {
            (kind, here): {} for kind in (GENRE_KIND, SONG_KIND) for here in (True, False)
        }
        for mood, kind, name, heard, skipped in rows:
            probability = shares.get(mood, 0.0)
            for here, share in ((True, probability), (False, 1 - probability)):
                if share:
                    before = sums[kind, here].get(name, PlayCount(0, 0))
                    sums[kind, here][name] = PlayCount(
                        before.completed + share * heard, before.skipped + share * skipped
                    )
        return PlayStatistics(
            genres=sums[GENRE_KIND, True],
            songs=sums[SONG_KIND, True],
            genres_elsewhere=sums[GENRE_KIND, False],
            songs_elsewhere=sums[SONG_KIND, False],
        )

    def keep_play(self, estimate: MoodEstimate, uri: str, genre: str, *, completed: bool) -> None:
        """Count a song that was played through or skipped, in part for each mood; genre: "" if not known."""
        with self._transaction() as transaction:
            transaction.executemany(
                "INSERT INTO tallies (mood, kind, name, heard, skipped) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE"
                " SET heard = heard + excluded.heard, skipped = skipped + excluded.skipped",
                [
                    (mood, kind, name, share * completed, share * (not completed))
                    for mood, share in estimate.probabilities.items()
                    for kind, name in _counted(uri, genre)
                ],
            )

    def take_back_play(self, estimate: MoodEstimate, uri: str, genre: str, *, completed: bool) -> None:
        """Undo `keep_play` with the same arguments, as far as it was not forgotten since."""
        with self._transaction() as transaction:
            transaction.executemany(
                "UPDATE tallies SET heard = MAX(0, heard - ?), skipped = MAX(0, skipped - ?)"
                " WHERE mood = ? AND kind = ? AND name = ?",
                [
                    (share * completed, share * (not completed), mood, kind, name)
                    for mood, share in estimate.probabilities.items()
                    for kind, name in _counted(uri, genre)
                ],
            )
            transaction.execute("DELETE FROM tallies WHERE heard + skipped < ?", (LEAST_PLAY,))

    def counted_songs(self) -> tuple[str, ...]:
        """Return the URIs of all songs of which a play or a skip was counted."""
        rows = self._rows(tuple[str], "SELECT DISTINCT name FROM tallies WHERE kind = ?", (SONG_KIND,))
        return tuple(uri for (uri,) in rows)

    def counted_genres(self) -> list[tuple[Mood, str, float, float]]:
        """Return mood, genre, plays through and skips, of all genres and moods of which one was counted."""
        return self._rows(
            tuple[Mood, str, Plays, Plays],
            "SELECT mood, name, heard, skipped FROM tallies WHERE kind = ?",
            (GENRE_KIND,),
        )

    def counts(self) -> tuple[int, float, float]:
        """Return of how many songs a play or a skip was counted, and how many plays through and skips."""
        return self._row(
            tuple[Number, Plays, Plays],
            "SELECT COUNT(DISTINCT name), TOTAL(heard), TOTAL(skipped) FROM tallies WHERE kind = ?",
            (SONG_KIND,),
        )

    def forget(self) -> None:
        """Delete what was learned and played; what the user has said of songs stays."""
        with self._transaction() as transaction:
            transaction.execute("UPDATE queued SET mood = ''")
            transaction.execute("UPDATE asked SET mood = ''")
            transaction.execute("DELETE FROM tallies")
            transaction.execute("DELETE FROM played")
            transaction.execute("DELETE FROM face_locations")
            transaction.execute("DELETE FROM mood_bias")
        with contextlib.suppress(sqlite3.OperationalError):  # another process reads it
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def mood_bias(self) -> MoodBias:
        """Return what was learned from corrections."""
        return MoodBias(dict(self._rows(tuple[Mood, BiasCount], "SELECT mood, count FROM mood_bias")))

    def keep_mood_bias(self, bias: MoodBias) -> None:
        """Replace what was learned from corrections."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM mood_bias")
            transaction.executemany(
                "INSERT INTO mood_bias (mood, count) VALUES (?, ?)", list(bias.counts.items())
            )

    def face_locations(self) -> FaceLocations:
        """Return where faces were seen, and which of them are furniture."""
        rows = self._rows(
            tuple[Coordinate, Coordinate, Coordinate, Moment, Moment, Moment, Number, Number, Literal[0, 1]],
            "SELECT x, y, width, first, last, counted, seen, missed, furniture FROM face_locations"
            " ORDER BY position",
        )
        return tuple(
            FaceLocation(Box(x, y, width), first, last, counted, seen, missed, bool(is_furniture))
            for x, y, width, first, last, counted, seen, missed, is_furniture in rows
        )

    def keep_face_locations(self, locations: FaceLocations) -> None:
        """Replace where faces were seen."""
        rows = [
            (*astuple(p.box), p.first, p.last, p.counted, p.seen, p.missed, int(p.is_furniture))
            for p in locations
        ]
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM face_locations")
            transaction.executemany(
                "INSERT INTO face_locations (x, y, width, first, last, counted, seen, missed, furniture)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def rows_of(self, table: str) -> list[Row]:
        """Return the rows of one of `TABLES`, in the order of its key."""
        [found] = [known for known in TABLES if known.name == table]
        return self._rows(found.row_type, found.select)

    def replace_rows(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Replace the rows of each table that is named, of all or of none."""
        with self._transaction() as transaction:
            for table in TABLES:
                if table.name in rows:
                    transaction.execute(f"DELETE FROM {table.name}")  # noqa: S608  (a name of our own)
                    transaction.executemany(table.insert, rows[table.name])

    def own_affects(self) -> dict[str, Affect]:
        """Return the affects that the user set, by URI."""
        rows = self._rows(tuple[str, Share, Share], "SELECT uri, valence, energy FROM words")
        return {uri: Affect(valence, energy, 1.0, Source.OWN) for uri, valence, energy in rows}

    def keep_own_affect(self, uri: str, valence: float, energy: float) -> None:
        """Store the affect that the user set for a song; both numbers are from 0 to 1."""
        with self._transaction() as transaction:
            transaction.execute(
                "INSERT OR REPLACE INTO words (uri, valence, energy) VALUES (?, ?, ?)", (uri, valence, energy)
            )

    def remove_own_affect(self, uri: str) -> None:
        """Delete the affect that the user set for a song, if there is one."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM words WHERE uri = ?", (uri,))

    def excluded(self) -> frozenset[str]:
        """Return the URIs of the songs that the box must never choose."""
        return frozenset(uri for (uri,) in self._rows(tuple[str], "SELECT uri FROM excluded"))

    def exclude(self, uri: str) -> None:
        """Store that the box must never choose a song."""
        with self._transaction() as transaction:
            transaction.execute("INSERT OR IGNORE INTO excluded (uri) VALUES (?)", (uri,))

    def include(self, uri: str) -> None:
        """Let the box choose a song again."""
        with self._transaction() as transaction:
            transaction.execute("DELETE FROM excluded WHERE uri = ?", (uri,))


def _counted(uri: str, genre: str) -> list[tuple[CountKind, str]]:
    """What a play counts for; genre: "" if it is not known."""
    return [(SONG_KIND, uri), *([(GENRE_KIND, genre)] if genre else [])]
