"""The playback controller yields to a second client at a real MPD, until the button is pressed."""

from __future__ import annotations

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mpd.queue_mirror import QueueMirror
from device.playback.mpd_events import MpdConnected, MpdDisconnected
from device.playback.state import ControlMode
from tests.device.conftest import seek
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    FOREIGN_SONGS,
    ControllerHarness,
    next_song,
    play_foreign_songs,
    queue_ids,
    wait_until_yielded,
)


def test_the_box_does_not_yield_when_another_client_moves_or_removes_its_songs(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    other = library.client()
    other.move(11, 1)
    other.delete("6:12")
    other.shuffle("1:6")
    playing.wait_until(lambda: len(playing.queue) == 6)
    other.next()
    playing.wait_until(lambda: playing.upcoming == 12)


def test_a_cleared_queue_stays_empty_until_the_button_is_pressed(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    other = library.client()
    other.clear()
    wait_until_yielded(playing)
    playing.run_for()
    assert queue_ids(other) == []
    playing.playback.play(certain(Mood.SAD), by_button=False)  # a face was seen, but nobody pressed
    playing.run_for()
    assert queue_ids(other) == []
    playing.playback.play(certain(Mood.HAPPY))
    playing.wait_until(lambda: playing.plays(Mood.HAPPY) and len(playing.queue) == 12)


@pytest.mark.parametrize("press", ["mood", "unsure", "nobody"])
@pytest.mark.parametrize("taken_over_by", ["clear", "songs"])
def test_a_press_takes_back_what_was_taken_over_just_before_it(
    library: PrivateMpd, playing: ControllerHarness, taken_over_by: str, press: str
) -> None:
    """MPD's change arrives after the press, since the loop does not run in the meantime."""
    before = playing.current
    if taken_over_by == "clear":
        library.client().clear()
    else:
        play_foreign_songs(library)
    if press == "mood":
        playing.playback.play(certain(Mood.HAPPY))
    elif press == "unsure":
        playing.playback.steer(certain(Mood.HAPPY))
    else:
        playing.playback.go_on()
    wanted = Mood.SAD if press == "nobody" else Mood.HAPPY
    playing.wait_until(lambda: playing.plays(wanted) and playing.current != before)
    playing.wait_until(lambda: playing.playback.state.mode is ControlMode.FILLING)
    play_foreign_songs(library)
    wait_until_yielded(playing)  # a takeover after the press counts


def test_a_playlist_loaded_by_another_client_stays_unchanged_to_its_end(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    (library.playlists / "mine.m3u").write_text("\n".join(FOREIGN_SONGS))
    other = library.client()
    other.command_list_ok_begin()
    other.clear()
    other.load("mine")
    other.play()
    other.command_list_end()
    wait_until_yielded(playing)
    for _ in range(3):
        playing.run_for()
        assert [song["file"] for song in other.playlistinfo()] == FOREIGN_SONGS
        other.next()
    playing.run_for()
    assert (other.status()["state"], len(queue_ids(other))) == ("stop", 3)
    playing.playback.play(certain(Mood.HAPPY))
    playing.wait_until(lambda: playing.plays(Mood.HAPPY) and len(playing.queue) == 15)
    assert playing.queue[:3] == FOREIGN_SONGS


@pytest.mark.parametrize("before", ["play", "pause", "stop"])
def test_the_box_yields_when_another_client_plays_a_song_of_its_own(
    library: PrivateMpd, playing: ControllerHarness, before: str
) -> None:
    other = library.client()
    if before != "play":
        getattr(other, before)()
        playing.wait_until(lambda: playing.playback.snapshot and playing.playback.snapshot.state == before)
    other.playid(other.addid(FOREIGN_SONGS[0]))
    wait_until_yielded(playing)
    queue = queue_ids(other)
    seek(other, 59)
    playing.run_for(1.5)
    assert queue_ids(other) == queue
    # Nor does it count as a skip of the box's song.
    assert all(playing.memory.play_statistics(certain(mood)).songs == {} for mood in Mood)


def test_a_box_that_has_yielded_can_still_pause_and_skip(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    play_foreign_songs(library)
    wait_until_yielded(playing)
    playing.wait_until(lambda: playing.playing == FOREIGN_SONGS[0])
    assert playing.playback.skip()
    playing.wait_until(lambda: playing.playing == FOREIGN_SONGS[1])
    playing.playback.controls.toggle()
    playing.wait_until(lambda: not playing.playing)
    playing.playback.controls.toggle()
    playing.wait_until(lambda: playing.playing == FOREIGN_SONGS[1])
    assert playing.playback.state.mode is ControlMode.YIELDED
    assert all(playing.memory.play_statistics(certain(mood)).songs == {} for mood in Mood)


def test_the_box_is_still_yielded_after_a_restart_of_mpd(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    play_foreign_songs(library, 1)
    wait_until_yielded(playing)
    library.stop()
    playing.wait_until(lambda: playing.playback.snapshot is None)
    library.start()
    playing.wait_until(lambda: playing.playback.snapshot)
    playing.run_for()
    assert playing.queue == FOREIGN_SONGS[:1]


def test_the_box_does_not_yield_when_mpd_restarts_with_a_song_of_another_client(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD), by_button=False)
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 12)
    other = library.client()
    other.addid(FOREIGN_SONGS[0], 1)
    harness.wait_until(lambda: len(harness.queue) == 13)
    next_song(harness, other)
    library.stop()
    harness.wait_until(lambda: harness.playback.snapshot is None)
    library.start()
    harness.wait_until(lambda: harness.playing == FOREIGN_SONGS[0])
    harness.run_for()
    assert harness.playback.state.mode is ControlMode.FILLING
    next_song(harness, library.client())


@pytest.mark.parametrize("pressed", [False, True])
def test_what_another_client_took_over_while_mpd_was_out_of_reach_stays_theirs_unless_somebody_presses(
    library: PrivateMpd, playing: ControllerHarness, pressed: bool
) -> None:
    play_foreign_songs(library)
    playing.miss_until(
        lambda snapshot: snapshot.state == "play" and len(snapshot.queue) == len(FOREIGN_SONGS)
    )
    if pressed:
        playing.playback.go_on()  # MPD never hears of it
    playing.playback.handle(MpdDisconnected("it has closed the connection"))
    playing.playback.handle(
        MpdConnected(QueueMirror(library.client()).refresh(), playing.memory.ownership().started)
    )
    if pressed:
        playing.wait_until(lambda: playing.plays(Mood.SAD))
    else:
        wait_until_yielded(playing)
        playing.run_for()
        assert playing.queue == FOREIGN_SONGS


def test_a_box_that_starts_while_another_client_plays_waits_for_its_button(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    other = library.client()
    other.add(FOREIGN_SONGS[0])
    other.play()
    wait_until_yielded(harness)
    harness.playback.play(certain(Mood.SAD), by_button=False)
    harness.run_for()
    assert harness.queue == FOREIGN_SONGS[:1]
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))


@pytest.mark.parametrize("songs", [1, 2])
def test_skipping_another_clients_last_song_brings_the_boxs_own_music(
    library: PrivateMpd, playing: ControllerHarness, songs: int
) -> None:
    play_foreign_songs(library, songs)
    wait_until_yielded(playing)
    for uri in FOREIGN_SONGS[:songs]:
        playing.wait_until(lambda uri=uri: playing.playing == uri)  # type: ignore[misc]
        assert playing.playback.skip()
    playing.wait_until(lambda: playing.plays(Mood.SAD))


def test_two_quick_presses_bring_the_boxs_music_if_somebody_took_over_while_mpd_was_out_of_reach(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    play_foreign_songs(library, 1)
    playing.miss_until(lambda snapshot: snapshot.state == "play" and len(snapshot.queue) == 1)
    playing.playback.handle(MpdDisconnected("it has closed the connection"))
    playing.playback.handle(MpdConnected(QueueMirror(library.client()).refresh(), 0.0))
    assert playing.playback.skip()
    playing.wait_until(lambda: playing.playing not in (None, FOREIGN_SONGS[0]))
