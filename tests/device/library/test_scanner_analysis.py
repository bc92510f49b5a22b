"""The scanner analyzes the sound of songs in the background, and combines it with their tags."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.health import Part, PartFailed, PartRecovered
from device.library.index import LibraryIndex
from device.library.scanner import MIN_PAUSE_S, LibraryScanner, SongTableUpdated
from device.library.table import Song
from device.library.tag_affect import Affect, Source
from tests.device.conftest import AddSong
from tests.device.failing import QUICK_RESTARTS, Refusing
from tests.device.library.scanning import LEXICON, songs
from tests.waiting import eventually

BLUES = Affect(0.36, 0.38, 0.5, Source.GENRE)


class AnalyzingScanner:
    """A started scanner that analyzes songs, and what it posts."""

    def __init__(self, music: Music, folder: Path) -> None:
        self.posted: SimpleQueue[SongTableUpdated] = SimpleQueue()
        self.scanner = LibraryScanner(music, LEXICON, folder, self.posted.put)
        self.scanner.start()
        self.scanner.wake()

    def until(self, happened: Callable[[dict[str, Song]], object]) -> dict[str, Song]:
        while True:
            # The worker has idle priority, and the scanner publishes once a minute.
            known = songs(self.posted.get(timeout=240).table)
            if happened(known):
                return known


def test_songs_without_tags_get_their_affect_from_their_sound(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    add_sound("wild.ogg", "wild")
    add_sound("still.ogg", "still")
    mpd.update()
    scanner_run = AnalyzingScanner(music, tmp_path / "state")
    known = scanner_run.until(lambda known: {song.affect.source for song in known.values()} == {Source.SOUND})
    scanner_run.scanner.close()
    assert known["wild.ogg"].affect.energy > known["still.ogg"].affect.energy + 0.1
    assert known["wild.ogg"].affect.valence > known["still.ogg"].affect.valence


def test_the_sound_refines_the_energy_of_songs_with_a_genre(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    for name in ("wild", "still"):
        add_sound(f"{name}.ogg", name, genre="Blues")
    mpd.update()
    scanner_run = AnalyzingScanner(music, tmp_path / "state")
    known = scanner_run.until(lambda known: len({song.affect.energy for song in known.values()}) == 2)
    scanner_run.scanner.close()
    wild, still = known["wild.ogg"].affect, known["still.ogg"].affect
    assert (wild.source, still.source) == (Source.GENRE, Source.GENRE)
    assert still.energy < BLUES.energy < wild.energy
    assert wild.confidence > BLUES.confidence


def test_no_song_is_analyzed_if_the_settings_turn_it_off(
    mpd: PrivateMpd, add_sound: AddSong, settings: Settings, tmp_path: Path
) -> None:
    add_sound("wild.ogg", "wild")
    mpd.update()
    scanner_run = AnalyzingScanner(settings.music, tmp_path / "state")
    scanner_run.until(len)
    scanner_run.scanner.close()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        assert index.analysis_counts() == (0, 0)


def test_a_box_that_cannot_analyze_songs_reports_it_once_and_uses_their_tags(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_sound("a.ogg", "wild", genre="Blues")
    mpd.update()
    scanner_run = AnalyzingScanner(msgspec.structs.replace(music, folder="/nowhere"), tmp_path / "state")

    def warnings() -> list[str]:
        return [record.getMessage()[:29] for record in caplog.records if record.levelno >= logging.WARNING]

    eventually(warnings)  # once the tags are read
    for uri in ("b.ogg", "c.ogg"):
        add_sound(uri, "still")
        mpd.update()
        scanner_run.scanner.wake(changed=True)
        scanner_run.until(lambda known, uri=uri: uri in known)  # type: ignore[misc]
        time.sleep(0.3)
    scanner_run.scanner.close()
    assert warnings() == ["songs are not analyzed: /nowh"]


def test_a_song_that_is_added_during_the_analysis_is_scanned_at_once(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    for number in range(12):
        add_sound(f"{number:02}.ogg", "still")
    mpd.update()
    scanner_run = AnalyzingScanner(music, tmp_path / "state")
    scanner_run.until(lambda known: len(known) == 12)
    add_sound("new.ogg", "wild", genre="Disco")
    mpd.update()
    scanner_run.scanner.wake(changed=True)
    scanner_run.until(lambda known: "new.ogg" in known)
    known = scanner_run.until(
        lambda known: Source.NOTHING not in {song.affect.source for song in known.values()}
    )
    scanner_run.scanner.close()
    assert len(known) == 13


def test_a_programming_error_in_the_analysis_does_not_stop_the_scanner_and_is_retried(
    mpd: PrivateMpd, add_sound: AddSong, music: Music, tmp_path: Path
) -> None:
    """The error is raised when the scanner publishes the first analyzed song."""
    add_sound("still.ogg", "still")
    mpd.update()
    left = [True]

    def is_first_analyzed(event: Any) -> bool:
        shown = songs(event.table).values() if isinstance(event, SongTableUpdated) else ()
        return any(song.affect.source is Source.SOUND for song in shown) and bool(left) and left.pop()

    events = Refusing(is_first_analyzed)
    scanner = LibraryScanner(music, LEXICON, tmp_path / "state", events.put, QUICK_RESTARTS)
    scanner.start()
    scanner.wake()
    posted: list[Any] = []
    while not (posted and isinstance(posted[-1], PartRecovered)):
        posted.append(events.get(timeout=240))  # the worker has idle priority
    scanner.close()
    (failed,) = [event for event in posted if isinstance(event, PartFailed)]
    assert (failed.part, failed.failures) == ("listening", 1)
    assert posted[-1] == PartRecovered(Part.LISTENING)
    assert Source.SOUND in {song.affect.source for song in songs(posted[-2].table).values()}


def test_there_is_a_pause_after_each_batch_of_songs_whose_disk_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float | None] = []
    scanner = LibraryScanner(Music(), LEXICON, None, lambda _: None)
    monkeypatch.setattr(scanner._awake, "wait", pauses.append)
    monkeypatch.setattr("device.library.scanner.analyze_songs", lambda *_: iter(5 * [False]))
    with closing(LibraryIndex.in_memory()) as index:
        scanner._analyze(index, tmp_path)
    assert pauses == 5 * [MIN_PAUSE_S]
