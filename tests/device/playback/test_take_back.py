"""A correction takes back what was learned from the wrong mood's songs, at a real MPD."""

from __future__ import annotations

from device.demo.server import PrivateMpd
from device.mood import Mood
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.state import ControlMode
from device.recommend.play_statistics import NO_STATISTICS, PlayCount
from tests.device.estimates import certain
from tests.device.playback.conftest import ControllerHarness

WRONG = MoodEstimate({Mood.SAD: 0.7, Mood.NEUTRAL: 0.3})
RIGHT = certain(Mood.HAPPY, ChosenBy.CORRECTION)


def skip(harness: ControllerHarness) -> str:
    """Skip the song that plays, and return it."""
    harness.wait_until(lambda: harness.playing and harness.playback.state.mode is ControlMode.FILLING)
    harness.wait_until_heard()
    skipped = harness.playing
    assert skipped
    harness.playback.skip()
    harness.wait_until(lambda: harness.playing not in (None, skipped))
    return skipped


def skips(harness: ControllerHarness, estimate: MoodEstimate) -> float:
    genres = harness.memory.play_statistics(estimate).genres
    return sum(count.skipped for count in genres.values())


def correct(harness: ControllerHarness, estimate: MoodEstimate = RIGHT) -> None:
    harness.playback.play(estimate)
    harness.wait_until(lambda: harness.plays(estimate.mood))


def test_what_was_learned_from_the_wrong_songs_is_taken_back_and_the_right_ones_play(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(WRONG)
    skip(harness)
    skip(harness)
    assert skips(harness, WRONG) > 0
    correct(harness)
    assert harness.memory.play_statistics(WRONG) == NO_STATISTICS


def test_what_was_learned_before_the_look_stays(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(certain(Mood.SAD))
    first = skip(harness)
    harness.playback.play(certain(Mood.SAD))  # another look, with the same result
    skip(harness)
    correct(harness)
    assert harness.memory.play_statistics(certain(Mood.SAD)).songs == {first: PlayCount(0, 1)}


def test_a_second_correction_takes_back_what_was_learned_since_the_first(
    library: PrivateMpd, harness: ControllerHarness
) -> None:
    harness.playback.play(WRONG)
    correct(harness)
    skip(harness)
    correct(harness, certain(Mood.SAD, ChosenBy.CORRECTION))
    assert harness.memory.play_statistics(RIGHT) == NO_STATISTICS


def test_another_look_takes_nothing_back(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(WRONG)
    skip(harness)
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY))
    assert skips(harness, WRONG) > 0


def test_music_that_no_look_has_chosen_was_not_wrong(library: PrivateMpd, harness: ControllerHarness) -> None:
    harness.playback.play(certain(Mood.SAD, ChosenBy.LAST))
    skip(harness)
    correct(harness)
    assert skips(harness, certain(Mood.SAD)) > 0
