"""The playback controller at a real MPD where something is wrong: songs, playlists, permissions, the disk."""

from __future__ import annotations

import os

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mpd.snapshot import Entry
from device.playback import mpd_events, mpd_worker
from device.playback.controller import MAX_FAILURES
from device.playback.state import ControlMode
from tests.device.conftest import AddSong, seek
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    ControllerHarness,
    StartHarness,
    start_without,
)


def has_no_songs(harness: ControllerHarness) -> bool:
    return "MPD's library has no songs" in harness.health.trouble.get("library", "")


def test_an_empty_library_is_reported_and_songs_added_later_play(
    mpd: PrivateMpd, harness: ControllerHarness, add_song: AddSong
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: has_no_songs(harness))
    add_song("late.ogg", genre="Blues")
    mpd.update()
    harness.wait_until(lambda: harness.playing == "late.ogg")
    assert harness.health.trouble == {}


def test_an_output_that_cannot_be_opened_is_reported(library: PrivateMpd, harness: ControllerHarness) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text().replace('type "null"', 'type "alsa"\ndevice "hw:77"'))
    library.start()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: "MPD says: " in harness.health.trouble.get("player", ""))


def test_the_music_plays_on_a_full_disk(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.memory._database.execute("PRAGMA max_page_count = 1")  # how SQLite itself behaves on a full disk
    harness.memory._database.execute("PRAGMA query_only = ON")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    assert "cannot be kept" in harness.health.trouble["storage"]


def test_songs_of_a_playlist_that_mpd_does_not_have_are_set_aside_and_the_others_play_on(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    live = ["happy/01.ogg", "happy/02.ogg"]
    gone = [f"gone {number}.ogg" for number in range(60)]
    (library.playlists / "sad.m3u").write_text("\n".join([*gone[:30], live[0], *gone[30:], live[1]]))
    harness.playback.play(certain(Mood.SAD))
    for _ in range(4):
        harness.wait_until(lambda: harness.playing in live)
        playing = harness.current
        library.client().next()
        harness.wait_until(lambda before=playing: harness.current not in (None, before))  # type: ignore[misc]
    assert harness.health.trouble == {}


def test_the_library_plays_if_mpd_has_no_song_of_the_playlist(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    (library.playlists / "sad.m3u").write_text("gone.ogg\nalso gone.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    assert harness.health.trouble == {}


def test_a_song_that_was_set_aside_is_chosen_again_once_mpd_has_it(
    library: PrivateMpd, harness: ControllerHarness, add_song: AddSong
) -> None:
    (library.playlists / "sad.m3u").write_text("late.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    add_song("late.ogg")
    library.update()
    harness.wait_until(lambda: "late.ogg" in harness.playback.table.uris)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing == "late.ogg")


def test_a_playlist_that_mpd_has_no_song_of_does_not_hide_that_the_library_is_empty(
    mpd: PrivateMpd, harness: ControllerHarness, add_song: AddSong
) -> None:
    (mpd.playlists / "sad.m3u").write_text("gone.ogg\nalso gone.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: has_no_songs(harness))
    add_song("new.ogg", genre="Blues")
    mpd.update()
    harness.wait_until(lambda: harness.playing == "new.ogg")
    assert harness.health.trouble == {}


def test_an_mpd_without_stored_playlists_plays_by_genre(library: PrivateMpd, start: StartHarness) -> None:
    start_without(library, "playlist_directory")
    harness = start()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))


def test_an_mpd_that_permits_only_reading_is_reported(library: PrivateMpd, start: StartHarness) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'default_permissions "read"\n')
    library.start()
    harness = start()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: "library" in harness.health.trouble)
    assert not harness.playing


def test_a_file_name_that_is_not_utf8_costs_only_that_song(
    mpd: PrivateMpd, harness: ControllerHarness, add_song: AddSong
) -> None:
    add_song("good.ogg", genre="Blues")
    bad = mpd.music / add_song("bad.ogg", genre="Blues")
    bad.rename(os.fsdecode(os.fsencode(mpd.music) + b"/Bj\xf6rk.ogg"))
    mpd.update()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing == "good.ogg")


def test_a_broken_song_at_the_end_of_the_queue_does_not_end_the_music(
    mpd: PrivateMpd, harness: ControllerHarness, add_song: AddSong
) -> None:
    add_song("good.ogg", genre="Blues")
    broken = add_song("broken.ogg", genre="Blues")
    mpd.update()
    (mpd.music / broken).write_bytes(b"no sound at all")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing == "good.ogg")
    seek(mpd.client(), 59)
    harness.run_for(2)
    harness.wait_until(lambda: harness.playing == "good.ogg")


def test_the_music_comes_back_when_the_disk_of_the_songs_is_back(
    library: PrivateMpd, harness: ControllerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpd_worker, "POLL_INTERVAL_S", 0.2)
    away = library.music.with_name("away")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing and len(harness.queue) == 12)
    away.mkdir()
    for folder in list(library.music.iterdir()):
        folder.rename(away / folder.name)
    harness.playback.skip()
    harness.wait_until(lambda: harness.playback.state.failures >= MAX_FAILURES)
    for folder in away.iterdir():
        folder.rename(library.music / folder.name)
    harness.wait_until(lambda: harness.playing)


def test_a_library_that_loses_all_its_songs_is_reported_and_the_music_comes_back_with_them(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    """MPD removes from its queue what its library has lost, as another client might."""
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    seek(library.client(), 57)  # of 60 s
    library.music.rename(library.folder / "away")
    library.music.mkdir()
    library.update()
    harness.wait_until(lambda: has_no_songs(harness))
    harness.wait_until(lambda: not harness.playing, seconds=90)  # MPD plays the lost song to its end
    library.music.rmdir()
    (library.folder / "away").rename(library.music)
    library.update()
    harness.wait_until(lambda: harness.playing)
    harness.wait_until(lambda: harness.health.trouble == {})


def test_songs_that_mpd_removes_as_soon_as_it_has_queued_them_are_set_aside(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    """Its library may lose them just then; no snapshot has ever shown them."""
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    library.client().clear()
    harness.wait_until(lambda: harness.playback.state.mode is ControlMode.YIELDED)
    empty = harness.playback.snapshot
    assert empty is not None
    harness.playback.play(certain(Mood.SAD))
    harness.playback.handle(mpd_events.MpdChanged(empty, reported=True))  # what was before the press
    # All but twelve songs of the library: chance alone would not choose just those twelve.
    lost = [f"{mood}/{number:02}.ogg" for mood in Mood for number in range(4, 16)]
    removed = tuple(Entry(1000 + number, uri) for number, uri in enumerate(lost))
    harness.playback.handle(mpd_events.SongsQueued(certain(Mood.SAD), removed, play=True))
    harness.playback.handle(mpd_events.MpdChanged(empty))
    harness.wait_until(lambda: harness.playing and harness.upcoming)
    assert {entry.uri for entry in removed}.isdisjoint(harness.queue)


def test_a_library_of_broken_songs_is_tried_a_few_times_and_no_more(
    mpd: PrivateMpd, harness: ControllerHarness, add_song: AddSong
) -> None:
    broken = add_song("broken.ogg", genre="Blues")
    mpd.update()
    (mpd.music / broken).write_bytes(b"no sound at all")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playback.state.failures >= MAX_FAILURES)
    harness.run_for()
    assert "MPD says: " in harness.health.trouble["player"]
    assert harness.playback.state.failures == MAX_FAILURES


def test_an_empty_library_is_no_longer_reported_once_it_has_songs(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(handful=2)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing and harness.upcoming)
    library.music.rename(library.folder / "away")
    library.music.mkdir()
    library.update()
    harness.wait_until(lambda: harness.playback.table is not None and not harness.playback.table)
    harness.playback._mpd.find(certain(Mood.SAD))  # as for keeping the queue filled
    harness.wait_until(lambda: has_no_songs(harness))
    library.music.rmdir()
    (library.folder / "away").rename(library.music)
    library.update()
    harness.wait_until(lambda: "library" not in harness.health.trouble)


def test_a_successful_read_does_not_hide_that_writing_fails(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.memory._database.execute("PRAGMA query_only = ON")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    harness.wait_until(lambda: "storage" in harness.health.trouble)
    assert not harness.memory.played(1)
    assert "storage" in harness.health.trouble
