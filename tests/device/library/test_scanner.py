"""The scanner of a real MPD's library: what it finds, and which errors it survives."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
from contextlib import suppress
from pathlib import Path
from queue import Empty

import msgspec
import pytest

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.health import Part, PartFailed, PartRecovered
from device.library.index import LibraryIndex
from device.library.scan import scan
from device.library.tag_affect import Source
from device.mpd.connection import Client, connected
from tests.device.conftest import AddSong
from tests.device.library.scanning import LEXICON, QUICK, ScannerRun, knows_moods, songs, without_database
from tests.waiting import eventually


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


def test_songs_whose_files_are_from_before_1970_are_in_the_table(
    mpd: PrivateMpd, add_song: AddSong, scanner_run: ScannerRun
) -> None:
    """Midnight of 1970-01-01 in Berlin, which some tools give as `no date`, is before the epoch."""
    for number, time in enumerate((-3600, 0, -(10**9))):
        path = mpd.music / add_song(f"{number}.ogg", genre="Disco")
        os.utime(path, (time, time))
    mpd.update()
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: set(table.uris) == {"0.ogg", "1.ogg", "2.ogg"})


def test_an_index_that_was_read_without_them_is_read_again(
    mpd: PrivateMpd, add_song: AddSong, folder: Path, settings: Settings
) -> None:
    os.utime(mpd.music / add_song("old.ogg", genre="Disco"), (-1, -1))
    mpd.update()
    with (
        LibraryIndex.opened_for_command(folder) as index,
        pytest.MonkeyPatch.context() as patch,
        connected(settings.music) as client,
    ):
        for module in ("scan", "chunks"):
            patch.setattr(f"device.library.{module}.ALL_SONGS", "(modified-since '1970-01-01T00:00:00Z')")
        for _ in scan(client, index, LEXICON, settings.music.address):
            pass
        assert index.count() == 0
    again = ScannerRun(settings.music, folder)
    again.scanner.wake()
    again.until(lambda table: table.uris == ("old.ogg",))
    again.scanner.close()


def test_an_mpd_without_a_database_is_reported_again_and_again_and_its_songs_are_read_once_it_has_one(
    library: PrivateMpd, settings: Settings, folder: Path
) -> None:
    run = ScannerRun(settings.music, folder, QUICK)
    with without_database(library):
        run.scanner.wake()
        failed = [run.next(PartFailed) for _ in range(3)]
    assert {event.part for event in failed} == {Part.LIBRARY}
    assert [event.failures for event in failed] == [1, 2, 3]
    assert "MPD's library cannot be read: " in failed[0].problem
    assert "No database" in failed[0].problem
    assert "give mpd.conf a music_directory and a db_file" in failed[0].problem
    run.scanner.wake()
    assert run.next(PartRecovered).part is Part.LIBRARY
    run.until(lambda table: len(table) == 48)
    run.scanner.close()


def test_an_mpd_that_is_away_is_the_players_matter(settings: Settings, folder: Path) -> None:
    """The player reports it, and wakes the scanner when MPD is there."""
    run = ScannerRun(msgspec.structs.replace(settings.music, address="/nowhere"), folder, QUICK)
    run.scanner.wake()
    with pytest.raises(Empty):
        run.posted.get(timeout=0.5)
    run.scanner.close()


def test_an_mpd_that_has_no_place_for_the_scanner_is_reported_and_its_songs_are_read_once_it_has_one(
    mpd: PrivateMpd, add_song: AddSong, settings: Settings
) -> None:
    """The player, which has its place, does not notice."""
    add_song("song.ogg")
    mpd.update()
    mpd.stop()
    configuration = mpd.folder / "mpd.conf"
    configuration.write_text(f'{configuration.read_text()}max_connections "1"\n')
    mpd.start()
    run = ScannerRun(settings.music, None, QUICK)
    clients: list[Client] = []

    def has_the_only_place() -> bool:
        with suppress(OSError):  # MPD may still count the client that waited for its start
            clients.append(mpd.client())
        return bool(clients)

    eventually(has_the_only_place)
    run.scanner.wake(changed=True)
    assert "MPD's library cannot be read: " in run.next(PartFailed).problem
    clients[0].disconnect()
    assert run.next(PartRecovered).part is Part.LIBRARY
    run.until(lambda table: table.uris == ("song.ogg",))
    run.scanner.close()


@pytest.mark.parametrize("broken", ["count", "progress", "table"])
def test_an_index_that_gives_errors_is_not_tried_again_and_again_without_a_pause(
    library: PrivateMpd, settings: Settings, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    tries = []

    def fail(_: LibraryIndex) -> None:
        tries.append(broken)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(LibraryIndex, broken, fail)
    run = ScannerRun(settings.music, None, QUICK)
    run.scanner.wake()
    failed = [run.next(PartFailed) for _ in range(3)]
    assert [event.failures for event in failed] == [1, 2, 3]
    run.scanner.close()
    more = sum(isinstance(run.posted.get(), PartFailed) for _ in range(run.posted.qsize()))
    assert len(tries) <= 2 * (len(failed) + more + 1)
