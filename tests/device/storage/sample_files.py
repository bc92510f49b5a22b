"""Files of a box after some use, and all queries that a box makes of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from device.library.index import LibraryIndex, TaggedSong
from device.library.table import Song
from device.library.tag_affect import Affect, Source
from device.mood import Mood
from device.mood_bias import MoodBias
from device.mpd.snapshot import Entry
from device.playback.memory import Memory
from device.playback.ownership import QueueOwnership
from device.vision.furniture import Box, FaceLocation
from tests.device.estimates import certain
from tests.device.library.audio.songs import MIDDLING

MOODS = tuple(Mood)
URIS = tuple(f"happy/{number:03} ü.ogg" for number in range(150))
ENTRIES = tuple(Entry(number, uri) for number, uri in enumerate(URIS[:12]))
OWNERSHIP = QueueOwnership(
    ENTRIES,
    dict.fromkeys(URIS[:14], certain(Mood.HAPPY)),
    URIS[12:14],
    above=11,
    started=1.7e9 + 0.5,
    version=40,
)
BLUES = Affect(0.3, 0.4, 0.5, Source.GENRE)
FEATURES = MIDDLING


def populate(memory: Memory, index: LibraryIndex) -> None:
    memory.keep_ownership(OWNERSHIP)
    learn(memory, 60)
    memory.keep_face_locations(
        tuple(FaceLocation(Box(n / 8, 0.3, 0.2), 1.7e9, 1.7e9, 1.7e9, seen=n) for n in range(8))
    )
    memory.keep_mood_bias(MoodBias({mood: n - 3.5 for n, mood in enumerate(Mood)}))
    memory.replace_rows({"timers": [(30, 1.7e9, 450, 1, 0, 1.7e9, 50, 20)]})
    for number in range(20):
        memory.keep_own_affect(URIS[number], number / 20, 0.5)
        memory.exclude(URIS[number])
    read(index, "one", len(URIS))
    index.keep_comments([(uri, "then", "sad" if n % 9 else "") for n, uri in enumerate(URIS)], [])
    for number, song in enumerate(index.unanalyzed("", 100, known=True)):
        index.keep_analysis(song, FEATURES if number % 10 else "Format not recognised.", song.affect)


def learn(memory: Memory, count: int) -> None:
    for number in range(count):
        mood, genre = MOODS[number % 7], "Blues" if number % 3 else "Disco"
        memory.keep_play(certain(mood), URIS[number % 40], genre, completed=number % 2 == 0)
        memory.keep_played(URIS[number % len(URIS)])


def read(index: LibraryIndex, stamp: str, count: int) -> None:
    index.begin(stamp)
    index.keep([TaggedSong(Song(uri, "Somebody", "Blues", BLUES), "then") for uri in URIS[:count]])
    index.finish()


def ask_all(folder: Path) -> None:
    """Run every query that a box makes, and a write of each kind."""
    with closing(Memory.open(folder)) as memory:
        ownership = memory.ownership()
        memory.played(500)
        memory.own_affects()
        memory.excluded()
        memory.replace_rows({"timers": memory.rows_of("timers")})
        memory.keep_face_locations(memory.face_locations())
        memory.keep_mood_bias(memory.mood_bias())
        for mood in Mood:
            memory.play_statistics(certain(mood))
        for _ in range(2):  # damage raises an error once, after which the index is rebuilt
            with closing(LibraryIndex.open(folder)) as index, suppress(sqlite3.DatabaseError):
                _ask_all_songs(index)
                break
        else:
            raise AssertionError("songs.db is not repaired")
        memory.keep_ownership(ownership)
        memory.keep_own_affect("new.ogg", 0.5, 0.5)
        memory.remove_own_affect("new.ogg")
        memory.exclude("new.ogg")
        memory.include("new.ogg")
        learn(memory, 3)


def _ask_all_songs(index: LibraryIndex) -> None:
    table = index.table()
    index.progress()
    index.count()
    index.analysis_counts()
    index.comments(table.uris[:250])
    index.features(table.uris[:250])
    for uri in table.uris[:5]:
        index.analysis(uri)
    index.without_comment("", 50)
    for known in (False, True):
        for song in index.unanalyzed("", 50, known=known)[:2]:
            index.keep_analysis(song, FEATURES, song.affect)
    read(index, "two", 20)
    index.keep_comments([(URIS[0], "then", "sad")], [(URIS[0], BLUES)])
