"""What a box keeps after a while, and all that it asks of it at a start."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from device.memory import Memory
from device.mood import Mood
from device.music.catalogue import Catalogue, Heard
from device.music.holding import Holding
from device.music.places import Place, Source
from device.music.queue import Entry
from device.music.shelf import Song
from device.sound.features import Features

MOODS = tuple(Mood)
URIS = tuple(f"happy/{number:03} ü.ogg" for number in range(150))
ENTRIES = tuple(Entry(number, uri) for number, uri in enumerate(URIS[:12]))
HELD = Holding(
    ENTRIES, dict.fromkeys(URIS[:14], Mood.HAPPY), URIS[12:14], above=11, started=1.7e9 + 0.5, version=40
)
BLUES = Place(0.3, 0.4, 0.5, Source.GENRE)
SOUND = Features(loudness=-12.5, brightness=0.4, onsets=3.5, tempo=120.0, pulse=0.5, mode=-0.1)


def fill(memory: Memory, catalogue: Catalogue) -> None:
    memory.keep_holding(HELD)
    learn(memory, 60)
    for number in range(20):
        memory.keep_word(URIS[number], number / 20, 0.5)
    read(catalogue, "one", len(URIS))
    catalogue.keep_comments([(uri, "then", "sad" if n % 9 else "") for n, uri in enumerate(URIS)], [])
    for number, song in enumerate(catalogue.unheard("", 100, known=True)):
        catalogue.keep_sound(song, SOUND if number % 10 else "Format not recognised.", song.place)


def learn(memory: Memory, count: int) -> None:
    for number in range(count):
        mood, genre = MOODS[number % 7], "Blues" if number % 3 else "Disco"
        memory.keep_reception(mood, URIS[number % 40], genre, heard=number % 2 == 0)
        memory.keep_played(URIS[number % len(URIS)])


def read(catalogue: Catalogue, stamp: str, count: int) -> None:
    catalogue.begin(stamp)
    catalogue.keep([Heard(Song(uri, "Somebody", "Blues", BLUES), "then") for uri in URIS[:count]])
    catalogue.finish()


def ask_all(folder: Path) -> None:
    """Everything that a box reads of its files from a start on, and a write of each kind."""
    with closing(Memory.open(folder)) as memory:
        holding = memory.holding()
        memory.played(500)
        memory.words()
        for mood in Mood:
            memory.taste(mood)
        for _ in range(2):  # of damage that shows, the librarian is told once: it begins anew
            with closing(Catalogue.open(folder)) as catalogue, suppress(sqlite3.DatabaseError):
                _ask_all_songs(catalogue)
                break
        else:
            raise AssertionError("songs.db is not mended")
        memory.keep_holding(holding)
        memory.keep_word("new.ogg", 0.5, 0.5)
        memory.drop_word("new.ogg")
        learn(memory, 3)


def _ask_all_songs(catalogue: Catalogue) -> None:
    shelf = catalogue.shelf()
    catalogue.progress()
    catalogue.count()
    catalogue.listened()
    catalogue.comments(shelf.uris[:250])
    catalogue.sounds(shelf.uris[:250])
    for uri in shelf.uris[:5]:
        catalogue.sound(uri)
    catalogue.without_comment("", 50)
    for known in (False, True):
        for song in catalogue.unheard("", 50, known=known)[:2]:
            catalogue.keep_sound(song, SOUND, song.place)
    read(catalogue, "two", 20)
    catalogue.keep_comments([(URIS[0], "then", "sad")], [(URIS[0], BLUES)])
