"""The playback controller leaves the modes and options of a real MPD as they are, and copes with each."""

from __future__ import annotations

from typing import Any

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.playback.state import ControlMode
from tests.device.conftest import seek
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    FOREIGN_SONGS,
    ControllerHarness,
    StartHarness,
    next_song,
    queue_ids,
)

MODES = ("random", "repeat", "single", "consume")


def modes(client: Any) -> dict[str, str]:
    return {name: client.status().get(name) for name in (*MODES, "volume", "xfade")} | {
        "gain": client.replay_gain_status()
    }


@pytest.fixture
def single_mode(library: PrivateMpd, harness: ControllerHarness) -> ControllerHarness:
    """A controller with one song of a minute in its mood; MPD is set to stop after it."""
    (library.playlists / "sad.m3u").write_text("sad/01.ogg\n")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    library.client().single(1)
    harness.wait_until(lambda: harness.playback.snapshot and harness.playback.snapshot.single)
    assert harness.playing
    return harness


def stopped(harness: ControllerHarness) -> bool:
    return bool(harness.playback.snapshot and harness.playback.snapshot.state == "stop")


@pytest.mark.parametrize("mode", MODES)
def test_the_box_fills_the_queue_in_each_mode_and_does_not_change_it(
    library: PrivateMpd, start: StartHarness, mode: str
) -> None:
    harness = start(handful=4)
    other = library.client()
    getattr(other, mode)(1)
    before = modes(other)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    foreign = int(other.addid(FOREIGN_SONGS[0], 0))
    for _ in range(8):
        next_song(harness, other)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(
        lambda: harness.plays(Mood.HAPPY) and harness.playback.state.mode is ControlMode.FILLING
    )
    assert modes(other) == before
    assert foreign in queue_ids(other) or mode in ("random", "consume")


def test_in_random_order_songs_of_another_client_and_of_the_box_are_mixed(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(handful=4)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 4)
    other = library.client()
    for number in range(16):
        other.add(f"neutral/{number:02}.ogg")
    harness.wait_until(lambda: len(harness.queue) == 20)
    other.random(1)
    harness.wait_until(lambda: harness.playback.snapshot and harness.playback.snapshot.random)
    played_songs = set()
    for _ in range(8):
        next_song(harness, other)
        played_songs.add(harness.playing)
    assert any(uri and uri.startswith("neutral") for uri in played_songs)
    assert harness.playback.state.mode is ControlMode.FILLING


def test_in_single_mode_no_song_follows(library: PrivateMpd, single_mode: ControllerHarness) -> None:
    seek(library.client(), 59)
    single_mode.wait_until(lambda: stopped(single_mode))
    single_mode.run_for()
    assert stopped(single_mode)


def test_in_single_mode_no_song_follows_one_that_ended_while_mpd_was_down(
    library: PrivateMpd, single_mode: ControllerHarness
) -> None:
    library.stop()
    state = library.folder / "mpdstate"
    played = state.read_text()
    assert "state: play" in played
    state.write_text(played.replace("state: play", "state: stop"))
    single_mode.wait_until(lambda: single_mode.playback.snapshot is None)
    library.start()
    single_mode.wait_until(lambda: stopped(single_mode))
    single_mode.run_for()
    assert stopped(single_mode)


def test_in_consume_mode_new_songs_follow_the_last_one(
    short_songs: PrivateMpd, harness: ControllerHarness
) -> None:
    other = short_songs.client()
    (short_songs.playlists / "sad.m3u").write_text("1.ogg\n")
    other.consume(1)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    first = queue_ids(other)
    harness.wait_until(lambda: harness.playing and queue_ids(other) not in (first, []))


def test_volume_crossfade_and_replay_gain_stay_as_they_are(library: PrivateMpd, start: StartHarness) -> None:
    other = library.client()
    other.setvol(37)
    other.crossfade(7)
    other.replay_gain_mode("album")
    before = modes(other)
    assert (before["volume"], before["xfade"]) == ("37", "7")
    harness = start()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    harness.playback.skip()
    harness.playback.controls.toggle()
    harness.wait_until(lambda: not harness.playing)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    assert modes(other) == before


def test_crossfade_and_replay_gain_are_set_from_the_settings_and_again_after_a_restart_of_mpd(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(crossfade=3, replay_gain="track")
    harness.wait_until(lambda: harness.playback.snapshot)
    for _ in range(2):
        client = library.client()
        assert client.status()["xfade"] == "3"
        assert "track" in str(client.replay_gain_status())
        library.kill()
        harness.wait_until(lambda: harness.playback.snapshot is None)
        library.start()
        harness.wait_until(lambda: harness.playback.snapshot)


def test_an_mpd_that_refuses_a_setting_is_logged_and_still_used(
    library: PrivateMpd, start: StartHarness, caplog: pytest.LogCaptureFixture
) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'default_permissions "read"\n')
    library.start()
    harness = start(crossfade=3)
    harness.wait_until(lambda: harness.playback.snapshot)
    assert "refuses a value from the settings" in caplog.text
    assert "player" not in harness.health.trouble
