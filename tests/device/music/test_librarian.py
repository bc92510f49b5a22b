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

from device.demo.server import PrivateMpd
from device.music.catalogue import DONE, FILE, STEPS, Catalogue
from device.music.librarian import CHUNK, COMMENTS, Librarian, ShelfFilled, fill
from device.music.places import Source, read_atlas
from device.music.shelf import Shelf, Song
from device.settings import Music, Settings
from tests.device.conftest import AddSong
from tests.device.kept import SOUND
from tests.waiting import eventually

ATLAS = read_atlas()


class Reading:
    """A librarian, and what it posts."""

    def __init__(self, music: Music, folder: Path | None) -> None:
        self.posted: SimpleQueue[ShelfFilled] = SimpleQueue()
        self.librarian = Librarian(music, ATLAS, folder, self.posted.put)
        self.librarian.start()

    def until(self, happened: Callable[[Shelf], object]) -> Shelf:
        while True:
            filled = self.posted.get(timeout=15)
            if filled.complete and happened(filled.shelf):
                return filled.shelf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def reading(settings: Settings, folder: Path) -> Iterator[Reading]:
    made = Reading(settings.music, folder)
    yield made
    made.librarian.close()


def songs(shelf: Shelf) -> dict[str, Song]:
    return {shelf.uris[row]: shelf.song(row) for row in range(len(shelf))}


def test_it_knows_every_song_of_the_library(library: PrivateMpd, reading: Reading) -> None:
    reading.librarian.wake()
    known = songs(reading.until(lambda shelf: len(shelf) == 48))
    assert known["sad/03.ogg"].genre == "Blues"
    assert known["sad/03.ogg"].artist == "Somebody"
    assert known["sad/03.ogg"].place.valence < known["happy/03.ogg"].place.valence


def test_moods_come_from_the_files_own_words_even_where_mpd_knows_no_such_tag(
    mpd: PrivateMpd, add_song: AddSong, reading: Reading
) -> None:
    add_song("a.ogg", genre="Disco", mood="Sad")
    add_song("b.ogg", genre="Disco")
    add_song("c.ogg")
    mpd.update()
    reading.librarian.wake()
    known = songs(reading.until(lambda shelf: Source.MOOD in {s.place.source for s in songs(shelf).values()}))
    assert [song.place.source for song in known.values()] == [Source.MOOD, Source.GENRE, Source.NOTHING]
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
    with closing(Catalogue.open(folder)) as catalogue:
        for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address):
            pass
        assert songs(catalogue.shelf())["a.ogg"].place.source is Source.MOOD
        unread = catalogue.without_comment("", 1)
    assert bool(unread) is knows_moods(mpd)
    assert not (tags and knows_moods(mpd))


def test_songs_that_come_change_and_go_are_followed(
    mpd: PrivateMpd, add_song: AddSong, reading: Reading
) -> None:
    add_song("stays.ogg", genre="Disco")
    (mpd.music / add_song("goes.ogg", genre="Disco")).unlink()
    mpd.update()
    reading.librarian.wake()
    reading.until(lambda shelf: shelf.uris == ("stays.ogg",))
    add_song("comes.ogg", genre="Blues")
    mpd.update()
    reading.librarian.wake(changed=True)
    reading.until(lambda shelf: set(shelf.uris) == {"stays.ogg", "comes.ogg"})


def test_a_library_that_shrinks_to_nothing_leaves_an_empty_shelf(
    library: PrivateMpd, reading: Reading
) -> None:
    reading.librarian.wake()
    reading.until(lambda shelf: len(shelf) == 48)
    library.music.rename(library.folder / "away")
    library.music.mkdir()
    library.update()
    reading.librarian.wake(changed=True)
    reading.until(lambda shelf: len(shelf) == 0)


def test_what_was_known_is_there_at_once_after_a_restart_and_without_mpd(
    library: PrivateMpd, settings: Settings, folder: Path, reading: Reading
) -> None:
    reading.librarian.wake()
    reading.until(lambda shelf: len(shelf) == 48)
    reading.librarian.close()
    library.stop()
    again = Reading(settings.music, folder)
    assert len(again.until(lambda _: True)) == 48
    again.librarian.close()


@pytest.mark.parametrize("cut", [0.0, 0.5])
def test_a_file_that_was_cut_off_is_put_aside_with_one_word_and_made_again(
    library: PrivateMpd, settings: Settings, folder: Path, cut: float, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Catalogue.open(folder)) as catalogue:
        for _ in fill(library.client(), catalogue, ATLAS, library.address):
            pass
    path = folder / FILE
    content = path.read_bytes()
    path.write_bytes(b"not a database" + content[14 : int(cut * len(content))])
    again = Reading(settings.music, folder)
    again.librarian.wake()
    again.until(lambda shelf: len(shelf) == 48)
    again.librarian.close()
    (word,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "damaged" in word.getMessage()


def test_a_file_cut_in_half_is_put_aside(library: PrivateMpd, folder: Path) -> None:
    with closing(Catalogue.open(folder)) as catalogue:
        for _ in fill(library.client(), catalogue, ATLAS, library.address):
            pass
    path = folder / FILE
    os.truncate(path, path.stat().st_size // 2)
    with closing(Catalogue.open(folder)) as catalogue:
        assert catalogue.count() == 0
    assert path.with_suffix(".damaged").exists()


def test_a_file_from_before_songs_were_listened_to_is_brought_up_with_what_is_in_it(
    library: PrivateMpd, folder: Path
) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE)) as older:
        older.executescript(f"{STEPS[0]} PRAGMA user_version = 1;")
        older.execute("INSERT INTO songs VALUES ('a.ogg', 'then', '', 'Blues', 0.3, 0.4, 0.5, 'genre', 0)")
        older.commit()
    with closing(Catalogue.open(folder)) as catalogue:
        assert catalogue.count() == 1
        assert [song.uri for song in catalogue.unheard("", 9, known=True)] == ["a.ogg"]


def test_a_file_spoilt_while_it_runs_is_one_word_and_the_catalogue_is_made_again(
    library: PrivateMpd, folder: Path, reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    reading.librarian.wake()
    reading.until(lambda shelf: len(shelf) == 48)
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.execute("DROP TABLE songs")
    reading.librarian.wake(changed=True)
    eventually(lambda: "damaged (no such table: songs)" in caplog.text)
    while not reading.posted.empty():
        reading.posted.get()
    reading.until(lambda shelf: len(shelf) == 48)


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
    with closing(Catalogue.open(folder)) as catalogue:
        for _ in fill(library.client(), catalogue, ATLAS, library.address):
            pass
        for song in catalogue.unheard("", 5, known=True):
            catalogue.keep_sound(song, SOUND, song.place)
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.executescript(script)
    again = Reading(settings.music, folder)
    again.librarian.wake(changed=True)

    def is_read_again() -> bool:
        with suppress(sqlite3.Error), Catalogue.copied(folder) as catalogue:
            progress = catalogue.progress()
            return f"{FILE}: " in caplog.text and progress.stamp != "" and progress.position == DONE
        return False

    eventually(is_read_again)
    again.librarian.close()
    with closing(Catalogue.open(folder)) as catalogue:
        known = songs(catalogue.shelf())
    assert len(known) == 48
    assert {song.place.source for song in known.values()} == {Source.GENRE}
    (word,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert f"{FILE}: " in word.getMessage()


def test_reading_goes_on_where_it_was_cut_off(mpd: PrivateMpd, add_song: AddSong, folder: Path) -> None:
    for number in range(CHUNK + 10):
        (mpd.music / f"{number:04}.ogg").hardlink_to(mpd.music / "0000.ogg") if number else add_song(
            "0000.ogg", genre="Disco"
        )
    mpd.update()
    with closing(Catalogue.open(folder)) as catalogue:
        next(fill(mpd.client(), catalogue, ATLAS, mpd.address))
        before = catalogue.progress()
    assert before.position == CHUNK
    with closing(Catalogue.open(folder)) as catalogue:
        next(fill(mpd.client(), catalogue, ATLAS, mpd.address))
        assert catalogue.progress().reading == before.reading
        assert catalogue.count() == CHUNK + 10
        for _ in fill(mpd.client(), catalogue, ATLAS, mpd.address):
            pass
        assert catalogue.progress().position == DONE


def test_what_is_known_is_not_read_twice(library: PrivateMpd, folder: Path) -> None:
    def chunks(**options: bool) -> int:
        return sum(1 for _ in fill(library.client(), catalogue, ATLAS, library.address, **options))

    with closing(Catalogue.open(folder)) as catalogue:
        comments = 0 if knows_moods(library) else -(-48 // COMMENTS)
        assert chunks() == 2 + comments
        assert chunks() == 0
        assert chunks(anew=True) == 2


def test_a_change_of_the_table_of_places_reads_all_again(library: PrivateMpd, folder: Path) -> None:
    mine = folder.parent / "mine.toml"
    mine.write_text('[genres]\n"Blues" = { valence = 0.9, energy = 0.8 }\n')
    with closing(Catalogue.open(folder)) as catalogue:
        for atlas, valence in ((ATLAS, 0.36), (read_atlas(str(mine)), 0.9)):
            for _ in fill(library.client(), catalogue, atlas, library.address):
                pass
            assert songs(catalogue.shelf())["sad/00.ogg"].place.valence == valence


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
    mpd: PrivateMpd, add_song: AddSong, reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    for uri, tags in FUZZED.items():
        add_song(uri, **tags)
    mpd.update()
    reading.librarian.wake()
    known = songs(reading.until(lambda shelf: len(shelf) == len(FUZZED)))
    assert set(known) == set(FUZZED)
    assert known["several.ogg"].genre == "Jazz"
    assert all(len(song.artist) <= 200 for song in known.values())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_name_that_is_no_utf8_costs_that_song_alone(
    mpd: PrivateMpd, add_song: AddSong, reading: Reading
) -> None:
    add_song("good.ogg", genre="Blues")
    bad = mpd.music / add_song("bad.ogg", genre="Blues")
    bad.rename(os.fsdecode(os.fsencode(mpd.music) + b"/Bj\xf6rk.ogg"))
    mpd.update()
    reading.librarian.wake()
    reading.until(lambda shelf: "good.ogg" in shelf.uris)


def test_files_that_vanished_since_mpd_read_them_are_borne(
    mpd: PrivateMpd, add_song: AddSong, reading: Reading
) -> None:
    (mpd.music / add_song("gone.ogg", genre="Blues", mood="sad")).rename(mpd.folder / "away.ogg")
    mpd.update()
    (mpd.folder / "away.ogg").rename(mpd.music / "gone.ogg")
    mpd.update()
    (mpd.music / "gone.ogg").unlink()
    reading.librarian.wake()
    known = songs(reading.until(lambda shelf: len(shelf) == 1))
    assert known["gone.ogg"].place.source is (Source.MOOD if knows_moods(mpd) else Source.GENRE)


def test_mpd_that_goes_in_the_middle_is_read_when_it_is_back(library: PrivateMpd, reading: Reading) -> None:
    library.kill()
    reading.librarian.wake()
    library.start()
    reading.librarian.wake()
    reading.until(lambda shelf: len(shelf) == 48)


def test_an_mpd_that_hangs_is_left_and_read_later(library: PrivateMpd, reading: Reading) -> None:
    os.kill(library.pid, signal.SIGSTOP)
    try:
        reading.librarian.wake()
    finally:
        os.kill(library.pid, signal.SIGCONT)
    reading.librarian.wake()
    reading.until(lambda shelf: len(shelf) == 48)


def test_without_a_disk_it_is_kept_in_memory(library: PrivateMpd, settings: Settings, folder: Path) -> None:
    made = Reading(settings.music, None)
    made.librarian.wake()
    made.until(lambda shelf: len(shelf) == 48)
    made.librarian.close()
    assert not folder.exists()
