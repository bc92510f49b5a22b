"""The tables of what the box remembers, how older files become as new ones, and what a sound row is like."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from device.mood import Mood
from device.storage.rows import Number, Share, Table

FILE = "moodbox.db"
MIGRATIONS = (
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
    """
    CREATE TABLE face_locations (
        position INTEGER PRIMARY KEY, x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL,
        first REAL NOT NULL, last REAL NOT NULL, counted REAL NOT NULL, seen INTEGER NOT NULL,
        missed INTEGER NOT NULL, furniture INTEGER NOT NULL
    );
    """,
    "CREATE TABLE mood_bias (mood TEXT PRIMARY KEY, count REAL NOT NULL) WITHOUT ROWID;",
    "CREATE TABLE excluded (uri TEXT PRIMARY KEY) WITHOUT ROWID;",
    """
    CREATE TABLE timers (
        sleep_minutes INTEGER NOT NULL, sleep_until REAL NOT NULL, wake_minute INTEGER,
        wake_on INTEGER NOT NULL, wake_once INTEGER NOT NULL, wake_answered REAL NOT NULL, volume INTEGER
    );
    INSERT INTO timers VALUES (0, 0, NULL, 0, 0, 0, NULL);
    """,
    "ALTER TABLE timers ADD COLUMN lowest_volume INTEGER;",
)
MOODS = f"({'|'.join(Mood)})"
SHARE = rf"{MOODS}=[01]\.[0-9]{{3}}"
GENRE_KIND: Literal["genre"] = "genre"
SONG_KIND: Literal["song"] = "song"
CountKind = Literal["genre", "song"]
"""What a play count is for."""
Moment = Annotated[float, Meta(ge=-1e11, le=1e11)]
"""Seconds since the epoch; negative on a Pi whose clock is not set yet."""
Coordinate = Annotated[float, Meta(ge=-10, le=10)]
"""A share of a frame's width; a face may reach out of the frame."""
EstimateText = Annotated[str, Meta(pattern=rf"\A({MOODS}|{SHARE}(,{SHARE})*)?\Z")]
"""`MoodEstimate.text`; empty for a song that an older version queued."""
Plays = Annotated[float, Meta(ge=0, le=2**53)]
"""A play of a song whose mood was not certain counts in part for each mood."""
BiasCount = Annotated[float, Meta(ge=-1000, le=1000)]
"""Of corrections; what is beyond `MoodBias`'s own bounds counts as its bound."""
TABLES = (
    Table("queued", [{"position": Number, "id": Number, "uri": str, "mood": EstimateText}]),
    Table("asked", [{"position": Number, "uri": str, "mood": EstimateText}]),
    Table("server", [{"above": Number, "started": Moment, "version": Number}], single=True),
    Table("played", [{"number": Number, "uri": str}]),
    Table("tallies", [{"mood": Mood, "kind": CountKind, "name": str, "heard": Plays, "skipped": Plays}]),
    Table("words", [{"uri": str, "valence": Share, "energy": Share}]),
    Table(
        "face_locations",
        [
            {
                "position": Number,
                **dict.fromkeys(("x", "y", "width"), Coordinate),
                **dict.fromkeys(("first", "last", "counted"), Moment),
                **dict.fromkeys(("seen", "missed"), Number),
                "furniture": Literal[0, 1],
            }
        ],
    ),
    Table("excluded", [{"uri": str}]),
    Table(
        "timers",
        [
            {
                "sleep_minutes": Number,
                "sleep_until": Moment,
                "wake_minute": Annotated[int, Meta(ge=0, lt=24 * 60)] | None,
                **dict.fromkeys(("wake_on", "wake_once"), Literal[0, 1]),
                "wake_answered": Moment,
                **dict.fromkeys(("volume", "lowest_volume"), Annotated[int, Meta(ge=0, le=100)] | None),
            }
        ],
        single=True,
    ),
    Table("mood_bias", [{"mood": Mood, "count": BiasCount}]),
    # SQLite's own table, for `played`.
    Table("sqlite_sequence", [{"name": str, "seq": Number}], recoverable=False),
)
