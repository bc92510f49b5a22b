"""A real MPD whose responses exceed its limit: 8 MiB, or a smaller one that the test sets."""

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
from device.playback.mpd_events import LibraryChanged, MpdConnected, SongsFound
from device.playback.mpd_worker import MpdWorker
from device.playback.state import ControlMode
from tests.device.conftest import AddSong
from tests.device.estimates import certain
from tests.device.playback.conftest import ControllerHarness, PostedEvents

LONG_TEXT = "A Title or a Name as Long as They Often Are, and in Front of It What Is Written on the Sleeve"
TAGS = {
    **dict.fromkeys(("title", "artist", "album", "albumartist", "artistsort", "albumartistsort"), LONG_TEXT),
    **dict.fromkeys(("composer", "label"), LONG_TEXT),
    "genre": "Disco",
}
OTHER_SONGS = 12_000


@pytest.fixture
def long_queue(mpd: PrivateMpd, add_song: AddSong) -> PrivateMpd:
    """Start MPD with a queue of 12,000 songs with many tags, which another client added."""
    first = mpd.music / add_song("0.ogg", **TAGS)
    for number in range(1, 40):
        (mpd.music / f"{number}.ogg").hardlink_to(first)
    mpd.update()
    (mpd.playlists / "all.m3u").write_text("".join(f"{number}.ogg\n" for number in range(40)))
    another_client = mpd.client()
    another_client.command_list_ok_begin()
    for _ in range(OTHER_SONGS // 40):
        another_client.load("all")
    another_client.command_list_end()
    with pytest.raises(MPD_ERRORS):
        another_client.playlistinfo()  # larger than MPD's limit
    return mpd


def songs_of_another_client(library: PrivateMpd) -> list[tuple[int, int]]:
    """Return the positions and ids of the songs that another client added."""
    return [row for row in library.client().plchangesposid(0) if row[1] <= OTHER_SONGS]


def test_the_box_plays_and_skips_without_touching_12000_songs_of_another_client(
    long_queue: PrivateMpd, harness: ControllerHarness, settings: Settings
) -> None:
    before = songs_of_another_client(long_queue)
    assert len(before) == OTHER_SONGS
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.playing and len(harness.queue) == OTHER_SONGS + 12)
    assert harness.health.trouble == {}
    for _ in range(2):
        current = harness.current
        harness.playback.skip()
        harness.wait_until(lambda current=current: harness.current not in (current, None))  # type: ignore[misc]
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(
        lambda: len(harness.queue) == OTHER_SONGS + 12 and harness.playback.state.mode is ControlMode.FILLING
    )
    assert songs_of_another_client(long_queue) == before
    assert {finding.part: finding.works for finding in check(settings)}[Part.PLAYER]


def test_a_song_of_another_client_that_plays_at_the_start_is_left_alone(
    long_queue: PrivateMpd, harness: ControllerHarness
) -> None:
    long_queue.client().play(OTHER_SONGS // 2)
    harness.wait_until(lambda: harness.playback.state.mode is ControlMode.YIELDED)
    assert harness.health.trouble == {}


@pytest.fixture
def limited_mpd(mpd: PrivateMpd, add_song: AddSong) -> PrivateMpd:
    """Start MPD with 300 songs of long names and tags; it sends no response above 32 KiB."""
    mpd.stop()
    configuration = mpd.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'max_output_buffer_size "16"\n')
    mpd.start()
    first = mpd.music / add_song(file_name(0), genre="Disco", artist="y" * 3000, mood="happy")
    for number in range(1, 300):
        (mpd.music / file_name(number)).hardlink_to(first)
    mpd.update()
    return mpd


def file_name(number: int) -> str:
    return f"{number:03} {LONG_TEXT}.ogg"


@pytest.fixture
def worker(settings: Settings) -> Iterator[tuple[MpdWorker, PostedEvents]]:
    events = PostedEvents()
    worker = MpdWorker(settings.music, events.queue.put)
    worker.start()
    events.next(MpdConnected)
    yield worker, events
    worker.close()


def find_songs(worker: MpdWorker, events: PostedEvents) -> SongsFound:
    """Return the songs found; fail on any other event, such as that MPD was not reachable."""
    worker.find(certain(Mood.SAD))
    event = events.next(object)
    assert isinstance(event, SongsFound)
    return event


def test_likes_above_mpds_limit_are_left_out_and_the_playlist_is_read(
    limited_mpd: PrivateMpd, worker: tuple[MpdWorker, PostedEvents]
) -> None:
    (limited_mpd.playlists / "sad.m3u").write_text(f"{file_name(1)}\n")
    with closing(sqlite3.connect(limited_mpd.folder / "stickers")) as stickers:
        rows = [("song", file_name(number), "like", "2") for number in range(300)]
        stickers.executemany("INSERT INTO sticker VALUES (?, ?, ?, ?)", rows)
        stickers.commit()
    with pytest.raises(MPD_ERRORS):
        limited_mpd.client().sticker_find("song", "", "like")
    assert find_songs(*worker) == SongsFound(certain(Mood.SAD), (file_name(1),), {})


def test_a_playlist_above_mpds_limit_is_left_out_until_it_changes(
    limited_mpd: PrivateMpd, worker: tuple[MpdWorker, PostedEvents]
) -> None:
    playlist = limited_mpd.playlists / "sad.m3u"
    playlist.write_text("".join(f"{file_name(number)}\n" for number in [*range(300), *range(100)]))
    another_client = limited_mpd.client()
    another_client.sticker_set("song", file_name(1), "like", "2")
    with pytest.raises(MPD_ERRORS):
        limited_mpd.client().listplaylist("sad")
    assert find_songs(*worker) == SongsFound(certain(Mood.SAD), (), {file_name(1): True})
    another_client.playlistclear("sad")
    another_client.playlistadd("sad", file_name(2))
    mpd_worker, events = worker
    events.next(LibraryChanged)
    mpd_worker.find(certain(Mood.SAD))
    assert events.next(SongsFound).picked == (file_name(2),)


def test_a_library_with_chunks_above_mpds_limit_is_read(
    limited_mpd: PrivateMpd, add_song: AddSong, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_song("110 too long.ogg", genre="z" * 60_000, artist="Somebody", mood="happy")
    add_song("111 short.ogg", genre="Blues", artist="Somebody", mood="sad")
    limited_mpd.update()
    with closing(LibraryIndex.open(tmp_path / "state")) as index:
        for _ in scan(limited_mpd.client(), index, read_lexicon(), limited_mpd.address):
            pass
        table = index.table()
        assert len(table) == 302
        assert index.progress().position == DONE
        known = {uri: table.song(row) for uri, row in table.rows.items()}
    assert known.pop("110 too long.ogg").affect.source is Source.NOTHING
    assert known["111 short.ogg"].genre == "Blues"
    assert {song.affect.source for song in known.values()} == {Source.MOOD}
    warnings = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings
    assert all(warning.startswith("110 too long.ogg: ") for warning in warnings)
