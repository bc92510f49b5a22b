"""A library scanner with what it posts, for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from device.config.settings import Music
from device.demo.server import PrivateMpd
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import Song, SongTable
from device.library.tag_affect import read_lexicon

LEXICON = read_lexicon()


class ScannerRun:
    """A started scanner, and what it posts."""

    def __init__(self, music: Music, folder: Path | None) -> None:
        self.posted: SimpleQueue[SongTableUpdated] = SimpleQueue()
        self.scanner = LibraryScanner(music, LEXICON, folder, self.posted.put)
        self.scanner.start()

    def until(self, happened: Callable[[SongTable], object]) -> SongTable:
        while True:
            update = self.posted.get(timeout=60)
            if update.complete and happened(update.table):
                return update.table


def songs(table: SongTable) -> dict[str, Song]:
    """Return the songs of a table by URI."""
    return {table.uris[row]: table.song(row) for row in range(len(table))}


def knows_moods(mpd: PrivateMpd) -> bool:
    """Tell whether this MPD supports mood tags, as from 0.24 on."""
    return "mood" in {tag.casefold() for tag in mpd.client().tagtypes()}
