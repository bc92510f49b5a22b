"""A damaged index, or one of an older version, and the scanner that uses it."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.library.index import DONE, FILE, MIGRATIONS, LibraryIndex
from device.library.scan import scan
from device.library.tag_affect import Source
from tests.device.library.scanning import LEXICON, ScannerRun, songs
from tests.device.storage.sample_files import FEATURES
from tests.waiting import eventually


@pytest.mark.parametrize("cut", [0.0, 0.5])
def test_a_truncated_index_is_quarantined_with_one_warning_and_rebuilt(
    library: PrivateMpd, settings: Settings, folder: Path, cut: float, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(library.client(), index, LEXICON, library.address):
            pass
    path = folder / FILE
    content = path.read_bytes()
    path.write_bytes(b"not a database" + content[14 : int(cut * len(content))])
    again = ScannerRun(settings.music, folder)
    again.scanner.wake()
    again.until(lambda table: len(table) == 48)
    again.scanner.close()
    (warning,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "damaged" in warning.getMessage()


def test_an_index_cut_in_half_is_quarantined(library: PrivateMpd, folder: Path) -> None:
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(library.client(), index, LEXICON, library.address):
            pass
    path = folder / FILE
    os.truncate(path, path.stat().st_size // 2)
    with closing(LibraryIndex.open(folder)) as index:
        assert index.count() == 0
    assert path.with_suffix(".damaged").exists()


def test_an_index_from_before_songs_were_analyzed_is_migrated_with_its_content(
    library: PrivateMpd, folder: Path
) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE)) as older:
        older.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        older.execute("INSERT INTO songs VALUES ('a.ogg', 'then', '', 'Blues', 0.3, 0.4, 0.5, 'genre', 0)")
        older.commit()
    with closing(LibraryIndex.open(folder)) as index:
        assert index.count() == 1
        assert [song.uri for song in index.unanalyzed("", 9, known=True)] == ["a.ogg"]


def test_an_index_damaged_while_in_use_gives_one_warning_and_is_rebuilt(
    library: PrivateMpd, folder: Path, scanner_run: ScannerRun, caplog: pytest.LogCaptureFixture
) -> None:
    scanner_run.scanner.wake()
    scanner_run.until(lambda table: len(table) == 48)
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.execute("DROP TABLE songs")
    scanner_run.scanner.wake(changed=True)
    eventually(lambda: "damaged (no such table: songs)" in caplog.text)

    def is_rebuilt() -> bool:
        with suppress(sqlite3.Error), LibraryIndex.copied(folder) as index:
            return index.count() == 48
        return False

    eventually(is_rebuilt)


WRONG = {
    "measures that are no numbers": "UPDATE sounds SET brightness = NULL",
    "a source that there is not": "UPDATE songs SET source = 'genrd' WHERE uri LIKE '%/03.ogg'",
    "no progress": "DELETE FROM progress",
    "a newer version": "PRAGMA user_version = 99",
    "no table of sounds": "DROP TABLE sounds",
}


@pytest.mark.parametrize("script", WRONG.values(), ids=WRONG)
def test_the_library_is_scanned_again_after_any_damage_to_the_index(
    library: PrivateMpd, settings: Settings, folder: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(library.client(), index, LEXICON, library.address):
            pass
        for song in index.unanalyzed("", 5, known=True):
            index.keep_analysis(song, FEATURES, song.affect)
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.executescript(script)
    again = ScannerRun(settings.music, folder)
    again.scanner.wake(changed=True)

    def is_read_again() -> bool:
        if f"{FILE}: " not in caplog.text:  # asked first: a copy of before is as complete
            return False
        with suppress(sqlite3.Error), LibraryIndex.copied(folder) as index:
            progress = index.progress()
            return progress.stamp != "" and progress.position == DONE
        return False

    eventually(is_read_again)
    again.scanner.close()
    with closing(LibraryIndex.open(folder)) as index:
        known = songs(index.table())
    assert len(known) == 48
    assert {song.affect.source for song in known.values()} == {Source.GENRE}
    (warning,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"{FILE}: " in warning.getMessage()
