"""A library scanner with what it posts, for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from device.config.settings import Music
from device.demo.server import PrivateMpd
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import Song, SongTable
from device.library.tag_affect import read_lexicon
from device.supervision import DEFAULT_RESTART_POLICY, RestartPolicy

LEXICON = read_lexicon()
QUICK = RestartPolicy(pauses_s=(0.05,), healthy_after_s=60.0)
T = TypeVar("T")


class ScannerRun:
    """A started scanner, and what it posts."""

    def __init__(
        self, music: Music, folder: Path | None, restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY
    ) -> None:
        self.posted: SimpleQueue[Any] = SimpleQueue()
        self.scanner = LibraryScanner(music, LEXICON, folder, self.posted.put, restart_policy)
        self.scanner.start()

    def next(self, kind: type[T]) -> T:
        """Wait for the next event of this kind; others before it are dropped."""
        while not isinstance(event := self.posted.get(timeout=60), kind):
            pass
        return event

    def until(self, happened: Callable[[SongTable], object]) -> SongTable:
        while True:
            update = self.next(SongTableUpdated)
            if update.complete and happened(update.table):
                return update.table


@contextmanager
def without_database(mpd: PrivateMpd) -> Iterator[None]:
    """Run MPD without a folder of music and a database for the block; it can be stopped and started there."""
    configuration = mpd.folder / "mpd.conf"
    complete = configuration.read_text()
    names = ("music_directory", "db_file", "auto_update")
    configuration.write_text("\n".join(x for x in complete.splitlines() if not x.startswith(names)))
    for text in (None, complete):
        if text:
            yield
            configuration.write_text(text)
        mpd.stop()
        mpd.start()


def songs(table: SongTable) -> dict[str, Song]:
    """Return the songs of a table by URI."""
    return {table.uris[row]: table.song(row) for row in range(len(table))}


def knows_moods(mpd: PrivateMpd) -> bool:
    """Tell whether this MPD supports mood tags, as from 0.24 on."""
    return "mood" in {tag.casefold() for tag in mpd.client().tagtypes()}
