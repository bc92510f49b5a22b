"""The catalogue of a real MPD's library: how it fills, goes on, and bears what libraries hold."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue

import pytest

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.library.chunks import CHUNK_SIZE
from device.library.index import DONE, FILE, MIGRATIONS, LibraryIndex
from device.library.scan import COMMENT_BATCH_SIZE, scan
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import Song, SongTable
from device.library.tag_affect import Source, read_lexicon
from tests.device.conftest import AddSong
from tests.device.storage.kept import SOUND
from tests.waiting import eventually

LEXICON = read_lexicon()


class ScannerRun:
    """A librarian, and what it posts."""

    def __init__(self, music: Music, folder: Path | None) -> None:
        self.posted: SimpleQueue[SongTableUpdated] = SimpleQueue()
        self.scanner = LibraryScanner(music, LEXICON, folder, self.posted.put)
        self.scanner.start()

    def until(self, happened: Callable[[SongTable], object]) -> SongTable:
        while True:
            update = self.posted.get(timeout=60)
            if update.complete and happened(update.table):
                return update.table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def reading(settings: Settings, folder: Path) -> Iterator[ScannerRun]:
    made = ScannerRun(settings.music, folder)
    yield made
    made.scanner.close()


def songs(table: SongTable) -> dict[str, Song]:
    return {table.uris[row]: table.song(row) for row in range(len(table))}


def test_it_knows_every_song_of_the_library(library: PrivateMpd, reading: ScannerRun) -> None:
    reading.scanner.wake()
    known = songs(reading.until(lambda table: len(table) == 48))
    assert known["sad/03.ogg"].genre == "Blues"
    assert known["sad/03.ogg"].artist == "Somebody"
    assert known["sad/03.ogg"].affect.valence < known["happy/03.ogg"].affect.valence


def test_moods_come_from_the_files_own_words_even_where_mpd_knows_no_such_tag(
    mpd: PrivateMpd, add_song: AddSong, reading: ScannerRun
) -> None:
    add_song("a.ogg", genre="Disco", mood="Sad")
    add_song("b.ogg", genre="Disco")
    add_song("c.ogg")
    mpd.update()
    reading.scanner.wake()
    known = songs(
        reading.until(lambda table: Source.MOOD in {s.affect.source for s in songs(table).values()})
    )
    assert [song.affect.source for song in known.values()] == [Source.MOOD, Source.GENRE, Source.NOTHING]
    assert known["a.ogg"].genre == "Disco"


def knows_moods(mpd: PrivateMpd) -> bool:
    """Whether this MPD has the tag, as from 0.24 on: there no raw comment is read."""
    return "mood" in {tag.casefold() for tag in mpd.client().tagtypes()}


@pytest.mark.parametrize("tags", ["", 'metadata_to_use "artist,title,genre"\n'], ids=["all tags", "no mood"])
def test_raw_comments_are_read_only_where_mpd_itself_says_nothing_of_moods(
    mpd: PrivateMpd, add_song: AddSong, folder: Path, tags: str
) -> None:
    mpd.stop()
    (mpd.folder / "mpd.conf").write_text((mpd.folder / "mpd.conf").read_text() + tags)
    mpd.start()
    add_song("a.ogg", genre="Disco", mood="Sad")
    mpd.update()
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        assert songs(index.table())["a.ogg"].affect.source is Source.MOOD
        unread = index.without_comment("", 1)
    assert bool(unread) is knows_moods(mpd)
    assert not (tags and knows_moods(mpd))


def test_songs_that_come_change_and_go_are_followed(
    mpd: PrivateMpd, add_song: AddSong, reading: ScannerRun
) -> None:
    add_song("stays.ogg", genre="Disco")
    (mpd.music / add_song("goes.ogg", genre="Disco")).unlink()
    mpd.update()
    reading.scanner.wake()
    reading.until(lambda table: table.uris == ("stays.ogg",))
    add_song("comes.ogg", genre="Blues")
    mpd.update()
    reading.scanner.wake(changed=True)
    reading.until(lambda table: set(table.uris) == {"stays.ogg", "comes.ogg"})


def test_a_library_that_shrinks_to_nothing_leaves_an_empty_shelf(
    library: PrivateMpd, reading: ScannerRun
) -> None:
    reading.scanner.wake()
    reading.until(lambda table: len(table) == 48)
    library.music.rename(library.folder / "away")
    library.music.mkdir()
    library.update()
    reading.scanner.wake(changed=True)
    reading.until(lambda table: len(table) == 0)


def test_what_was_known_is_there_at_once_after_a_restart_and_without_mpd(
    library: PrivateMpd, settings: Settings, folder: Path, reading: ScannerRun
) -> None:
    reading.scanner.wake()
    reading.until(lambda table: len(table) == 48)
    reading.scanner.close()
    library.stop()
    again = ScannerRun(settings.music, folder)
    assert len(again.until(lambda _: True)) == 48
    again.scanner.close()


@pytest.mark.parametrize("cut", [0.0, 0.5])
def test_a_file_that_was_cut_off_is_put_aside_with_one_word_and_made_again(
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
    (word,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "damaged" in word.getMessage()


def test_a_file_cut_in_half_is_put_aside(library: PrivateMpd, folder: Path) -> None:
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(library.client(), index, LEXICON, library.address):
            pass
    path = folder / FILE
    os.truncate(path, path.stat().st_size // 2)
    with closing(LibraryIndex.open(folder)) as index:
        assert index.count() == 0
    assert path.with_suffix(".damaged").exists()


def test_a_file_from_before_songs_were_listened_to_is_brought_up_with_what_is_in_it(
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


def test_a_file_spoilt_while_it_runs_is_one_word_and_the_catalogue_is_made_again(
    library: PrivateMpd, folder: Path, reading: ScannerRun, caplog: pytest.LogCaptureFixture
) -> None:
    reading.scanner.wake()
    reading.until(lambda table: len(table) == 48)
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.execute("DROP TABLE songs")
    reading.scanner.wake(changed=True)
    eventually(lambda: "damaged (no such table: songs)" in caplog.text)
    while not reading.posted.empty():
        reading.posted.get()
    reading.until(lambda table: len(table) == 48)


WRONG = {
    "measures that are no numbers": "UPDATE sounds SET brightness = NULL",
    "a source that there is not": "UPDATE songs SET source = 'genrd' WHERE uri LIKE '%/03.ogg'",
    "no progress": "DELETE FROM progress",
    "a newer version": "PRAGMA user_version = 99",
    "no table of sounds": "DROP TABLE sounds",
}


@pytest.mark.parametrize("script", WRONG.values(), ids=WRONG)
def test_a_library_is_read_again_whatever_is_wrong_with_what_was_known_of_it(
    library: PrivateMpd, settings: Settings, folder: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(LibraryIndex.open(folder)) as index:
        for _ in scan(library.client(), index, LEXICON, library.address):
            pass
        for song in index.unanalyzed("", 5, known=True):
            index.keep_analysis(song, SOUND, song.affect)
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.executescript(script)
    again = ScannerRun(settings.music, folder)
    again.scanner.wake(changed=True)

    def is_read_again() -> bool:
        with suppress(sqlite3.Error), LibraryIndex.copied(folder) as index:
            progress = index.progress()
            return f"{FILE}: " in caplog.text and progress.stamp != "" and progress.position == DONE
        return False

    eventually(is_read_again)
    again.scanner.close()
    with closing(LibraryIndex.open(folder)) as index:
        known = songs(index.table())
    assert len(known) == 48
    assert {song.affect.source for song in known.values()} == {Source.GENRE}
    (word,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"{FILE}: " in word.getMessage()


def test_reading_goes_on_where_it_was_cut_off(mpd: PrivateMpd, add_song: AddSong, folder: Path) -> None:
    for number in range(CHUNK_SIZE + 10):
        (mpd.music / f"{number:04}.ogg").hardlink_to(mpd.music / "0000.ogg") if number else add_song(
            "0000.ogg", genre="Disco"
        )
    mpd.update()
    with closing(LibraryIndex.open(folder)) as index:
        next(scan(mpd.client(), index, LEXICON, mpd.address))
        before = index.progress()
    assert before.position == CHUNK_SIZE
    with closing(LibraryIndex.open(folder)) as index:
        next(scan(mpd.client(), index, LEXICON, mpd.address))
        assert index.progress().reading == before.reading
        assert index.count() == CHUNK_SIZE + 10
        for _ in scan(mpd.client(), index, LEXICON, mpd.address):
            pass
        assert index.progress().position == DONE


def test_what_is_known_is_not_read_twice(library: PrivateMpd, folder: Path) -> None:
    def chunks(**options: bool) -> int:
        return sum(1 for _ in scan(library.client(), index, LEXICON, library.address, **options))

    with closing(LibraryIndex.open(folder)) as index:
        comments = 0 if knows_moods(library) else -(-48 // COMMENT_BATCH_SIZE)
        assert chunks() == 2 + comments
        assert chunks() == 0
        assert chunks(rescan=True) == 2


def test_a_change_of_the_table_of_places_reads_all_again(library: PrivateMpd, folder: Path) -> None:
    mine = folder.parent / "mine.toml"
    mine.write_text('[genres]\n"Blues" = { valence = 0.9, energy = 0.8 }\n')
    with closing(LibraryIndex.open(folder)) as index:
        for lexicon, valence in ((LEXICON, 0.36), (read_lexicon(str(mine)), 0.9)):
            for _ in scan(library.client(), index, lexicon, library.address):
                pass
            assert songs(index.table())["sad/00.ogg"].affect.valence == valence


FUZZED = {
    "none.ogg": {},
    "long.ogg": {"genre": "x" * 10_000, "artist": "y" * 10_000, "mood": "z" * 10_000},
    "control.ogg": {"genre": "Blu\x01es\x07", "artist": "a\tb\x1b[31m", "mood": "sad\x02"},
    "script.ogg": {"genre": "ブルース", "artist": "Бах", "mood": "грусть"},
    "several.ogg": {"genre": "Jazz; Blues / Soul"},
    "quotes.ogg": {"genre": "R'n'B \"Blues\" \\ (x)", "artist": "'"},
    "b ü 'q'.ogg": {"genre": "Disco"},
}


def test_tags_of_every_kind_are_borne(
    mpd: PrivateMpd, add_song: AddSong, reading: ScannerRun, caplog: pytest.LogCaptureFixture
) -> None:
    for uri, tags in FUZZED.items():
        add_song(uri, **tags)
    mpd.update()
    reading.scanner.wake()
    known = songs(reading.until(lambda table: len(table) == len(FUZZED)))
    assert set(known) == set(FUZZED)
    assert known["several.ogg"].genre == "Jazz"
    assert all(len(song.artist) <= 200 for song in known.values())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_name_that_is_no_utf8_costs_that_song_alone(
    mpd: PrivateMpd, add_song: AddSong, reading: ScannerRun
) -> None:
    add_song("good.ogg", genre="Blues")
    bad = mpd.music / add_song("bad.ogg", genre="Blues")
    bad.rename(os.fsdecode(os.fsencode(mpd.music) + b"/Bj\xf6rk.ogg"))
    mpd.update()
    reading.scanner.wake()
    reading.until(lambda table: "good.ogg" in table.uris)


def test_files_that_vanished_since_mpd_read_them_are_borne(
    mpd: PrivateMpd, add_song: AddSong, reading: ScannerRun
) -> None:
    (mpd.music / add_song("gone.ogg", genre="Blues", mood="sad")).rename(mpd.folder / "away.ogg")
    mpd.update()
    (mpd.folder / "away.ogg").rename(mpd.music / "gone.ogg")
    mpd.update()
    (mpd.music / "gone.ogg").unlink()
    reading.scanner.wake()
    known = songs(reading.until(lambda table: len(table) == 1))
    assert known["gone.ogg"].affect.source is (Source.MOOD if knows_moods(mpd) else Source.GENRE)


def test_mpd_that_goes_in_the_middle_is_read_when_it_is_back(
    library: PrivateMpd, reading: ScannerRun
) -> None:
    library.kill()
    reading.scanner.wake()
    library.start()
    reading.scanner.wake()
    reading.until(lambda table: len(table) == 48)


def test_an_mpd_that_hangs_is_left_and_read_later(library: PrivateMpd, reading: ScannerRun) -> None:
    os.kill(library.pid, signal.SIGSTOP)
    try:
        reading.scanner.wake()
    finally:
        os.kill(library.pid, signal.SIGCONT)
    reading.scanner.wake()
    reading.until(lambda table: len(table) == 48)


def test_without_a_disk_it_is_kept_in_memory(library: PrivateMpd, settings: Settings, folder: Path) -> None:
    made = ScannerRun(settings.music, None)
    made.scanner.wake()
    made.until(lambda table: len(table) == 48)
    made.scanner.close()
    assert not folder.exists()
