"""Music for a mood that is not certain, and for nobody: at a real MPD."""

from __future__ import annotations

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.state import ControlMode
from tests.device.estimates import certain
from tests.device.playback.conftest import (
    FOREIGN_SONGS,
    ControllerHarness,
    StartHarness,
    play_foreign_songs,
    wait_until_yielded,
)

MIXED = MoodEstimate({Mood.HAPPY: 0.45, Mood.NEUTRAL: 0.40, Mood.SAD: 0.15}, ChosenBy.UNSURE)


def of(mood: Mood, uris: list[str]) -> int:
    return sum(uri.startswith(mood) for uri in uris)


def test_an_uncertain_mood_plays_songs_from_between_its_moods(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(MIXED)
    harness.wait_until(lambda: harness.playing and len(harness.queue) == 12)
    assert of(Mood.SAD, harness.queue) == 0
    assert of(Mood.HAPPY, harness.queue) + of(Mood.NEUTRAL, harness.queue) == 12


def test_a_playlist_needs_half_of_the_probability(library: PrivateMpd, harness: ControllerHarness) -> None:
    (library.playlists / "happy.m3u").write_text("sad/01.ogg\n")
    harness.playback.play(MIXED)
    harness.wait_until(lambda: harness.playing)
    assert harness.queue != ["sad/01.ogg"]
    harness.playback.play(MoodEstimate({Mood.HAPPY: 0.6, Mood.SAD: 0.4}))
    harness.wait_until(lambda: harness.queue == ["sad/01.ogg"])


def test_steering_lets_the_song_play_and_replaces_what_comes_next(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    current = playing.current
    playing.playback.steer(certain(Mood.HAPPY))
    playing.wait_until(lambda: of(Mood.HAPPY, playing.queue) >= 8)
    assert playing.current == current
    assert playing.queue[0] == current.uri if current else None
    assert len(playing.queue) == 13
    assert of(Mood.SAD, playing.queue[1:]) <= 1
    assert playing.playback.state.estimate == certain(Mood.HAPPY)


def test_after_steering_the_queue_is_kept_filled_for_the_new_estimate(
    library: PrivateMpd, start: StartHarness
) -> None:
    harness = start(handful=4, style="match")
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 4)
    harness.playback.steer(certain(Mood.HAPPY))
    harness.wait_until(lambda: of(Mood.HAPPY, harness.queue) >= 3)
    for _ in range(3):
        library.client().next()
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and harness.upcoming >= 3)
    assert of(Mood.SAD, harness.queue[-3:]) == 0


def test_steering_starts_the_music_if_none_of_the_boxs_plays(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.steer(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    library.client().pause(1)
    harness.wait_until(lambda: harness.playback.state.mode is ControlMode.IDLE)
    harness.playback.steer(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD))


def test_a_mood_that_follows_while_steering_is_pending_replaces_everything(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    playing.playback.steer(MIXED)
    playing.playback.play(certain(Mood.NEUTRAL))
    playing.wait_until(lambda: playing.plays(Mood.NEUTRAL) and len(playing.queue) == 12)
    playing.run_for()
    assert playing.plays(Mood.NEUTRAL)


def test_steering_while_a_change_is_pending_changes_to_the_newer_estimate(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.playback.snapshot)
    harness.playback.steer(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and len(harness.queue) == 12)


def test_for_nobody_the_music_begins_with_a_neutral_mood(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.go_on()
    harness.wait_until(lambda: harness.plays(Mood.NEUTRAL))
    assert harness.playback.state.estimate
    assert harness.playback.state.estimate.chosen_by is ChosenBy.NEUTRAL


def test_for_nobody_the_song_that_plays_goes_on(library: PrivateMpd, playing: ControllerHarness) -> None:
    current, queue = playing.current, playing.queue
    playing.playback.go_on()
    playing.run_for()
    assert (playing.current, playing.queue) == (current, queue)


def test_for_nobody_a_paused_song_goes_on(library: PrivateMpd, playing: ControllerHarness) -> None:
    current, queue = playing.current, playing.queue
    library.client().pause(1)
    playing.wait_until(lambda: playing.current is None)
    playing.playback.go_on()
    playing.wait_until(lambda: playing.current == current)
    assert playing.queue == queue


def test_for_nobody_music_that_was_stopped_begins_again_for_what_was_last(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    library.client().stop()
    playing.wait_until(lambda: playing.playing is None)
    playing.playback.go_on()
    playing.wait_until(lambda: playing.plays(Mood.SAD))


def test_what_was_last_is_known_after_a_restart(library: PrivateMpd, start: StartHarness) -> None:
    before = start(handful=4)
    before.playback.play(MIXED)
    before.wait_until(lambda: before.playing and len(before.queue) == 4)
    current = before.current
    before.close()
    after = start(handful=4)
    after.wait_until(lambda: after.current == current)
    after.playback.go_on()
    assert after.playback.state.estimate == MIXED
    assert after.playback.state.estimate.chosen_by is ChosenBy.LAST
    for _ in range(3):
        library.client().next()
    after.wait_until(lambda: after.upcoming >= 3)  # it goes on after the songs of the box before it


def test_for_nobody_a_press_takes_the_music_back_from_another_client(
    library: PrivateMpd, playing: ControllerHarness
) -> None:
    play_foreign_songs(library)
    playing.wait_until(lambda: playing.playing == FOREIGN_SONGS[0])
    wait_until_yielded(playing)
    playing.playback.go_on()
    playing.wait_until(lambda: playing.plays(Mood.SAD))


@pytest.mark.parametrize("at_start", [False, True])
def test_music_begins_by_itself_only_if_the_settings_say_so(
    library: PrivateMpd, start: StartHarness, at_start: bool
) -> None:
    harness = start(at_start=at_start)
    if at_start:
        harness.wait_until(lambda: harness.plays(Mood.NEUTRAL))
    else:
        harness.wait_until(lambda: harness.playback.table)
        harness.run_for(0.5)
        assert harness.playing is None


def test_music_does_not_begin_by_itself_over_another_clients(
    library: PrivateMpd, start: StartHarness
) -> None:
    other = library.client()
    other.add(FOREIGN_SONGS[0])
    other.play()
    harness = start(at_start=True)
    wait_until_yielded(harness)
    assert harness.playing == FOREIGN_SONGS[0]
