"""The scanner of a real MPD's library: what it finds, and which errors it survives."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

import pytest

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.library.tag_affect import Source
from tests.device.conftest import AddSong
from tests.device.library.scanning import ScannerRun, knows_moods, songs


def test_every_song_of_the_library_is_in_the_table(library: PrivateMpd, scanner_run: ScannerRun) -> None:
    scanner_run.scanner.wake()
    known = songs(scanner_run.until(lambda table: len(table) == 48))
    assert known["sad/03.ogg"].genre == "Blues"
    assert known["sad/03.ogg"].artist == "Somebody"
    assert known["sad/03.ogg"].affect.valence < known["happy/03.ogg"].affect.valence


def test_mood_tags_are_read_even_if_mpd_does_not_support_them(
    mpd: PrivateMpd, add_song: AddSong, scanner_run: ScannerRun
) -> None:
    add_song("a.ogg", genre="Disco", mood="Sad")
    add_song("b.ogg", genre="Disco")
    add_song("c.ogg")
    mpd.update()
    scanner_run.scanner.wake()
    known = songs(
        scanner_run.until(lambda table: Source.MOOD in {s.affect.source for s in songs(table).values()})
    )
    assert [song.affect.source for song in known.values()] == [Source.MOOD, Source.GENRE, Source.NOTHING]
    assert known["a.ogg"].genre == "Disco"


def test_added_and_removed_songs_are_followed(
    mpd: PrivateMpd, add_song: AddSong, scanner_run: ScannerRun
) -> None:
    add_song("stays.ogg", genre="Disco")
    (mpd.music / add_song("goes.ogg", genre="Disco")).unlink()
    mpd.update()
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: table.uris == ("stays.ogg",))
    add_song("comes.ogg", genre="Blues")
    mpd.update()
    scanner_run.scanner.wake(changed=True)
    scanner_run.until(lambda table: set(table.uris) == {"stays.ogg", "comes.ogg"})


def test_a_library_that_becomes_empty_gives_an_empty_table(
    library: PrivateMpd, scanner_run: ScannerRun
) -> None:
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: len(table) == 48)
    library.music.rename(library.folder / "away")
    library.music.mkdir()
    library.update()
    scanner_run.scanner.wake(changed=True)
    scanner_run.until(lambda table: len(table) == 0)


def test_the_index_is_available_after_a_restart_without_mpd(
    library: PrivateMpd, settings: Settings, folder: Path, scanner_run: ScannerRun
) -> None:
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: len(table) == 48)
    scanner_run.scanner.close()
    library.stop()
    again = ScannerRun(settings.music, folder)
    assert len(again.until(lambda _: True)) == 48
    again.scanner.close()


FUZZED = {
    "none.ogg": {},
    "long.ogg": {"genre": "x" * 10_000, "artist": "y" * 10_000, "mood": "z" * 10_000},
    "control.ogg": {"genre": "Blu\x01es\x07", "artist": "a\tb\x1b[31m", "mood": "sad\x02"},
    "script.ogg": {"genre": "ブルース", "artist": "Бах", "mood": "грусть"},
    "several.ogg": {"genre": "Jazz; Blues / Soul"},
    "quotes.ogg": {"genre": "R'n'B \"Blues\" \\ (x)", "artist": "'"},
    "b ü 'q'.ogg": {"genre": "Disco"},
}


def test_odd_tags_of_every_kind_are_accepted(
    mpd: PrivateMpd, add_song: AddSong, scanner_run: ScannerRun, caplog: pytest.LogCaptureFixture
) -> None:
    for uri, tags in FUZZED.items():
        add_song(uri, **tags)
    mpd.update()
    scanner_run.scanner.wake()
    known = songs(scanner_run.until(lambda table: len(table) == len(FUZZED)))
    assert set(known) == set(FUZZED)
    assert known["several.ogg"].genre == "Jazz"
    assert all(len(song.artist) <= 200 for song in known.values())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_file_name_that_is_not_utf8_affects_only_that_song(
    mpd: PrivateMpd, add_song: AddSong, scanner_run: ScannerRun
) -> None:
    add_song("good.ogg", genre="Blues")
    bad = mpd.music / add_song("bad.ogg", genre="Blues")
    bad.rename(os.fsdecode(os.fsencode(mpd.music) + b"/Bj\xf6rk.ogg"))
    mpd.update()
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: "good.ogg" in table.uris)


def test_files_deleted_since_mpd_read_them_are_accepted(
    mpd: PrivateMpd, add_song: AddSong, scanner_run: ScannerRun
) -> None:
    (mpd.music / add_song("gone.ogg", genre="Blues", mood="sad")).rename(mpd.folder / "away.ogg")
    mpd.update()
    (mpd.folder / "away.ogg").rename(mpd.music / "gone.ogg")
    mpd.update()
    (mpd.music / "gone.ogg").unlink()
    scanner_run.scanner.wake()
    known = songs(scanner_run.until(lambda table: len(table) == 1))
    assert known["gone.ogg"].affect.source is (Source.MOOD if knows_moods(mpd) else Source.GENRE)


def test_the_scan_continues_when_a_killed_mpd_is_back(library: PrivateMpd, scanner_run: ScannerRun) -> None:
    library.kill()
    scanner_run.scanner.wake()
    library.start()
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: len(table) == 48)


def test_the_scan_continues_after_mpd_has_hung(library: PrivateMpd, scanner_run: ScannerRun) -> None:
    os.kill(library.pid, signal.SIGSTOP)
    try:
        scanner_run.scanner.wake()
    finally:
        os.kill(library.pid, signal.SIGCONT)
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: len(table) == 48)


def test_without_a_folder_the_index_is_in_memory(
    library: PrivateMpd, settings: Settings, folder: Path
) -> None:
    made = ScannerRun(settings.music, None)
    made.scanner.wake()
    made.until(lambda table: len(table) == 48)
    made.scanner.close()
    assert not folder.exists()
