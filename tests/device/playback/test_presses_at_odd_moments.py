"""Presses while MPD is slow, has refused the songs, or somebody has changed their mind: at a real MPD."""

from __future__ import annotations

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.state import ControlMode
from tests.device.estimates import certain
from tests.device.playback.conftest import FOREIGN_SONGS, ControllerHarness, StartHarness

MIXED = MoodEstimate({Mood.HAPPY: 0.45, Mood.NEUTRAL: 0.40, Mood.SAD: 0.15}, ChosenBy.UNSURE)


def limit_queue(library: PrivateMpd, songs: int) -> None:
    library.stop()
    with (library.folder / "mpd.conf").open("a") as file:
        file.write(f'max_playlist_length "{songs}"\n')
    library.start()


def wait_until_all_are_known(harness: ControllerHarness) -> None:
    harness.wait_until(lambda: harness.playback.table is not None and len(harness.playback.table) == 48)


def chosen_for(harness: ControllerHarness, estimate: MoodEstimate) -> int:
    """How many of the songs to come were chosen for this estimate."""
    snapshot = harness.playback.snapshot
    return len(harness.playback._ownership.upcoming_for(estimate, snapshot)) if snapshot else 0


def test_steering_while_mpd_is_queueing_the_songs_does_not_begin_the_music_twice(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    wait_until_all_are_known(harness)
    harness.playback.play(MIXED)
    harness.wait_until(lambda: harness.playback._ownership.asked)
    harness.playback.steer(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playing)
    first = harness.current
    harness.wait_until(lambda: chosen_for(harness, certain(Mood.SAD)) >= 11)
    assert harness.current == first


def test_a_mood_after_steering_while_mpd_is_queueing_the_songs_still_replaces_them(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(MIXED)
    harness.wait_until(lambda: harness.playback._ownership.asked)
    harness.playback.steer(certain(Mood.HAPPY))
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 12)


def test_for_nobody_a_press_tries_again_what_mpd_has_refused(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    limit_queue(library, 3)
    other = library.client()
    for uri in FOREIGN_SONGS:
        other.add(uri)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: "library" in harness.health.trouble)
    other.clear()
    harness.wait_until(lambda: harness.queue == [])
    assert harness.playback.state.mode is ControlMode.CHANGING
    harness.playback.go_on()
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    assert "library" not in harness.health.trouble


def test_for_nobody_a_press_tries_again_once_a_song_is_allowed_again(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    wait_until_all_are_known(harness)
    uris = harness.playback.table.uris if harness.playback.table else ()
    for uri in uris:
        harness.memory.exclude(uri)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: "library" in harness.health.trouble)
    harness.memory.include("sad/01.ogg")
    harness.playback.go_on()
    harness.wait_until(lambda: harness.playing == "sad/01.ogg")


def test_the_boxs_own_songs_that_fill_the_queue_do_not_keep_new_ones_out(
    library: PrivateMpd, start: StartHarness
) -> None:
    limit_queue(library, 4)
    other = library.client()
    other.add(FOREIGN_SONGS[0])
    harness = start(handful=12)
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    assert FOREIGN_SONGS[0] in harness.queue
    assert "library" not in harness.health.trouble


def test_a_press_while_mpd_is_away_takes_the_music_back_even_if_nobody_is_seen(
    library: PrivateMpd, start: StartHarness
) -> None:
    other = library.client()
    other.add(FOREIGN_SONGS[0])
    other.play()
    harness = start()
    harness.playback.play(certain(Mood.SAD), by_button=False)  # before it has heard from MPD
    harness.playback.go_on()
    harness.wait_until(lambda: harness.plays(Mood.SAD))
