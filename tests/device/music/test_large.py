"""A real MPD whose answers are larger than it sends: more than 8 MiB, or than a limit that we have set."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.check import check
from device.demo.server import PrivateMpd
from device.mood import Mood
from device.music.catalogue import DONE, Catalogue
from device.music.jukebox import Stance
from device.music.librarian import fill
from device.music.link import FAILURES
from device.music.places import Source, read_atlas
from device.music.player import LibraryChanged, Player, PlayerUp, SongsFound
from device.settings import Settings
from tests.device.conftest import AddSong
from tests.device.music.conftest import Turning
from tests.device.music.test_player import Heard

LONG = "A Title or a Name as Long as They Often Are, and in Front of It What Is Written on the Sleeve"
TAGS = {
    **dict.fromkeys(("title", "artist", "album", "albumartist", "artistsort", "albumartistsort"), LONG),
    **dict.fromkeys(("composer", "label"), LONG),
    "genre": "Disco",
}
FOREIGN = 12_000


@pytest.fixture
def long_queue(mpd: PrivateMpd, add_song: AddSong) -> PrivateMpd:
    """Running, with somebody's queue of 12,000 well tagged songs."""
    first = mpd.music / add_song("0.ogg", **TAGS)
    for number in range(1, 40):
        (mpd.music / f"{number}.ogg").hardlink_to(first)
    mpd.update()
    (mpd.playlists / "all.m3u").write_text("".join(f"{number}.ogg\n" for number in range(40)))
    other = mpd.client()
    other.command_list_ok_begin()
    for _ in range(FOREIGN // 40):
        other.load("all")
    other.command_list_end()
    with pytest.raises(FAILURES):
        other.playlistinfo()  # it is more than MPD sends
    return mpd


def theirs(library: PrivateMpd) -> list[tuple[int, int]]:
    """The places and ids of the songs that were there first."""
    return [row for row in library.client().plchangesposid(0) if row[1] <= FOREIGN]


def test_among_12000_songs_of_others_the_box_plays_skips_and_leaves_them_alone(
    long_queue: PrivateMpd, turning: Turning, settings: Settings
) -> None:
    before = theirs(long_queue)
    assert len(before) == FOREIGN
    turning.jukebox.play(Mood.HAPPY)
    turning.until(lambda: turning.playing and len(turning.queue) == FOREIGN + 12)
    assert turning.jukebox.trouble == {}
    for _ in range(2):
        current = turning.current
        turning.jukebox.skip()
        turning.until(lambda current=current: turning.current not in (current, None))  # type: ignore[misc]
    turning.jukebox.play(Mood.SAD)
    turning.until(lambda: len(turning.queue) == FOREIGN + 12 and turning.jukebox.stance is Stance.KEEPING)
    assert theirs(long_queue) == before
    assert {finding.part: finding.well for finding in check(settings)}["player"]


def test_a_song_of_theirs_that_plays_at_the_start_is_left_alone(
    long_queue: PrivateMpd, turning: Turning
) -> None:
    long_queue.client().play(FOREIGN // 2)
    turning.until(lambda: turning.jukebox.stance is Stance.BACK)
    assert turning.jukebox.trouble == {}


@pytest.fixture
def terse(mpd: PrivateMpd, add_song: AddSong) -> PrivateMpd:
    """Running, with 300 songs of long names and tags, and it sends no answer of more than 32 KiB."""
    mpd.stop()
    configuration = mpd.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'max_output_buffer_size "16"\n')
    mpd.start()
    first = mpd.music / add_song(name_of(0), genre="Disco", artist="y" * 3000, mood="happy")
    for number in range(1, 300):
        (mpd.music / name_of(number)).hardlink_to(first)
    mpd.update()
    return mpd


def name_of(number: int) -> str:
    return f"{number:03} {LONG}.ogg"


@pytest.fixture
def link(settings: Settings) -> Iterator[tuple[Player, Heard]]:
    heard = Heard()
    made = Player(settings.music, heard.events.put)
    made.start()
    heard.next(PlayerUp)
    yield made, heard
    made.close()


def found(link: Player, heard: Heard) -> SongsFound:
    """What the player finds; nothing else must have happened, such as that MPD was gone."""
    link.find(Mood.SAD)
    event = heard.next(object)
    assert isinstance(event, SongsFound)
    return event


def test_likes_that_are_more_than_mpd_sends_are_left_out_and_the_playlist_is_not(
    terse: PrivateMpd, link: tuple[Player, Heard]
) -> None:
    (terse.playlists / "sad.m3u").write_text(f"{name_of(1)}\n")
    with closing(sqlite3.connect(terse.folder / "stickers")) as stickers:
        rows = [("song", name_of(number), "like", "2") for number in range(300)]
        stickers.executemany("INSERT INTO sticker VALUES (?, ?, ?, ?)", rows)
        stickers.commit()
    with pytest.raises(FAILURES):
        terse.client().sticker_find("song", "", "like")
    assert found(*link) == SongsFound(Mood.SAD, (name_of(1),), {})


def test_a_playlist_that_is_more_than_mpd_sends_is_passed_over_until_it_is_another_one(
    terse: PrivateMpd, link: tuple[Player, Heard]
) -> None:
    playlist = terse.playlists / "sad.m3u"
    playlist.write_text("".join(f"{name_of(number)}\n" for number in [*range(300), *range(100)]))
    other = terse.client()
    other.sticker_set("song", name_of(1), "like", "2")
    with pytest.raises(FAILURES):
        terse.client().listplaylist("sad")
    assert found(*link) == SongsFound(Mood.SAD, (), {name_of(1): True})
    other.playlistclear("sad")
    other.playlistadd("sad", name_of(2))
    player, heard = link
    heard.next(LibraryChanged)
    player.find(Mood.SAD)
    assert heard.next(SongsFound).picked == (name_of(2),)


def test_a_library_whose_chunks_are_more_than_mpd_sends_is_read_all_the_same(
    terse: PrivateMpd, add_song: AddSong, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_song("110 worse.ogg", genre="z" * 60_000, artist="Somebody", mood="happy")
    add_song("111 better.ogg", genre="Blues", artist="Somebody", mood="sad")
    terse.update()
    with closing(Catalogue.open(tmp_path / "state")) as catalogue:
        for _ in fill(terse.client(), catalogue, read_atlas(), terse.address):
            pass
        shelf = catalogue.shelf()
        assert len(shelf) == 302
        assert catalogue.progress().position == DONE
        known = {uri: shelf.song(row) for uri, row in shelf.rows.items()}
    assert known.pop("110 worse.ogg").place.source is Source.NOTHING
    assert known["111 better.ogg"].genre == "Blues"
    assert {song.place.source for song in known.values()} == {Source.MOOD}
    words = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert words
    assert all(word.startswith("110 worse.ogg: ") for word in words)
