"""A real MPD whose responses are larger than it sends: more than 8 MiB, or than a limit that we have set."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.cli.check import check
from device.config.settings import Settings
from device.demo.server import PrivateMpd
from device.health import Part
from device.library.index import DONE, LibraryIndex
from device.library.scan import scan
from device.library.tag_affect import Source, read_lexicon
from device.mood import Mood
from device.mpd.connection import MPD_ERRORS
from device.playback.mpd_worker import LibraryChanged, MpdConnected, MpdWorker, SongsFound
from device.playback.state import ControlMode
from tests.device.conftest import AddSong
from tests.device.playback.conftest import ControllerHarness, PostedEvents

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
    with pytest.raises(MPD_ERRORS):
        other.playlistinfo()  # it is more than MPD sends
    return mpd


def theirs(library: PrivateMpd) -> list[tuple[int, int]]:
    """The places and ids of the songs that were there first."""
    return [row for row in library.client().plchangesposid(0) if row[1] <= FOREIGN]


def test_among_12000_songs_of_others_the_box_plays_skips_and_leaves_them_alone(
    long_queue: PrivateMpd, harness: ControllerHarness, settings: Settings
) -> None:
    before = theirs(long_queue)
    assert len(before) == FOREIGN
    harness.playback.play(Mood.HAPPY)
    harness.wait_until(lambda: harness.playing and len(harness.queue) == FOREIGN + 12)
    assert harness.health.trouble == {}
    for _ in range(2):
        current = harness.current
        harness.playback.skip()
        harness.wait_until(lambda current=current: harness.current not in (current, None))  # type: ignore[misc]
    harness.playback.play(Mood.SAD)
    harness.wait_until(
        lambda: len(harness.queue) == FOREIGN + 12 and harness.playback.state.mode is ControlMode.FILLING
    )
    assert theirs(long_queue) == before
    assert {finding.part: finding.works for finding in check(settings)}[Part.PLAYER]


def test_a_song_of_theirs_that_plays_at_the_start_is_left_alone(
    long_queue: PrivateMpd, harness: ControllerHarness
) -> None:
    long_queue.client().play(FOREIGN // 2)
    harness.wait_until(lambda: harness.playback.state.mode is ControlMode.YIELDED)
    assert harness.health.trouble == {}


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
def worker(settings: Settings) -> Iterator[tuple[MpdWorker, PostedEvents]]:
    events = PostedEvents()
    made = MpdWorker(settings.music, events.queue.put)
    made.start()
    events.next(MpdConnected)
    yield made, events
    made.close()


def found(worker: MpdWorker, events: PostedEvents) -> SongsFound:
    """What the player finds; nothing else must have happened, such as that MPD was gone."""
    worker.find(Mood.SAD)
    event = events.next(object)
    assert isinstance(event, SongsFound)
    return event


def test_likes_that_are_more_than_mpd_sends_are_left_out_and_the_playlist_is_not(
    terse: PrivateMpd, worker: tuple[MpdWorker, PostedEvents]
) -> None:
    (terse.playlists / "sad.m3u").write_text(f"{name_of(1)}\n")
    with closing(sqlite3.connect(terse.folder / "stickers")) as stickers:
        rows = [("song", name_of(number), "like", "2") for number in range(300)]
        stickers.executemany("INSERT INTO sticker VALUES (?, ?, ?, ?)", rows)
        stickers.commit()
    with pytest.raises(MPD_ERRORS):
        terse.client().sticker_find("song", "", "like")
    assert found(*worker) == SongsFound(Mood.SAD, (name_of(1),), {})


def test_a_playlist_that_is_more_than_mpd_sends_is_passed_over_until_it_is_another_one(
    terse: PrivateMpd, worker: tuple[MpdWorker, PostedEvents]
) -> None:
    playlist = terse.playlists / "sad.m3u"
    playlist.write_text("".join(f"{name_of(number)}\n" for number in [*range(300), *range(100)]))
    other = terse.client()
    other.sticker_set("song", name_of(1), "like", "2")
    with pytest.raises(MPD_ERRORS):
        terse.client().listplaylist("sad")
    assert found(*worker) == SongsFound(Mood.SAD, (), {name_of(1): True})
    other.playlistclear("sad")
    other.playlistadd("sad", name_of(2))
    player, events = worker
    events.next(LibraryChanged)
    player.find(Mood.SAD)
    assert events.next(SongsFound).picked == (name_of(2),)


def test_a_library_whose_chunks_are_more_than_mpd_sends_is_read_all_the_same(
    terse: PrivateMpd, add_song: AddSong, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_song("110 worse.ogg", genre="z" * 60_000, artist="Somebody", mood="happy")
    add_song("111 better.ogg", genre="Blues", artist="Somebody", mood="sad")
    terse.update()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        for _ in scan(terse.client(), index, read_lexicon(), terse.address):
            pass
        table = index.table()
        assert len(table) == 302
        assert index.progress().position == DONE
        known = {uri: table.song(row) for uri, row in table.rows.items()}
    assert known.pop("110 worse.ogg").affect.source is Source.NOTHING
    assert known["111 better.ogg"].genre == "Blues"
    assert {song.affect.source for song in known.values()} == {Source.MOOD}
    words = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert words
    assert all(word.startswith("110 worse.ogg: ") for word in words)
