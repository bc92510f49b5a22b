"""What a look does to the music: every kind of look."""

from __future__ import annotations

from unittest.mock import Mock, call

import pytest

from device.box.music_response import LookResult, respond
from device.mood import NO_FACE, Decision, Mood, Outcome
from device.mood_estimate import MoodEstimate
from device.playback.controller import PlaybackController
from device.playback.state import ControlMode, PlaybackState

PROBABILITIES = {Mood.HAPPY: 0.7, Mood.SAD: 0.3}
NAMED = Decision(Outcome.MOOD, Mood.HAPPY, 0.7, PROBABILITIES)
UNSURE = Decision(Outcome.UNSURE, None, 0.7, PROBABILITIES)
OTHER = Decision(Outcome.UNSURE, None, 0.6, {Mood.HAPPY: 0.4, Mood.SAD: 0.6})
ESTIMATE = MoodEstimate(PROBABILITIES)
PLAY, STEER, GO_ON = "play", "steer", "go_on"


def playback_in(mode: ControlMode) -> Mock:
    playback = Mock(spec=PlaybackController)
    playback.state = PlaybackState(mode=mode)
    return playback


@pytest.mark.parametrize(
    ("look", "wanted"),
    [
        (LookResult(NAMED, by_press=False), PLAY),
        (LookResult(NAMED, by_press=True), PLAY),
        (LookResult(NAMED, by_press=True, answered=NAMED), STEER),  # no second song for the same mood
        (LookResult(NAMED, by_press=True, answered=OTHER), PLAY),
        (LookResult(UNSURE, by_press=True), STEER),
        (LookResult(UNSURE, by_press=True, answered=OTHER), STEER),
        (LookResult(UNSURE, by_press=False, face_moved=True), STEER),
        (LookResult(UNSURE, by_press=False), None),
        (LookResult(NO_FACE, by_press=True), GO_ON),
        (LookResult(NAMED, by_press=True, answered=NO_FACE), PLAY),
        (LookResult(UNSURE, by_press=True, answered=NO_FACE), STEER),
        (LookResult(NO_FACE, by_press=False), None),
        (LookResult(NO_FACE, by_press=False, face_moved=True), None),
    ],
    ids=str,
)
def test_what_a_look_does_to_the_music(look: LookResult, wanted: str | None) -> None:
    playback = playback_in(ControlMode.FILLING)
    begins = respond(playback, look)
    expected = {
        PLAY: [call.play(ESTIMATE, by_button=look.by_press)],
        STEER: [call.steer(ESTIMATE, by_button=look.by_press)],
        GO_ON: [call.go_on()],
        None: [],
    }
    assert playback.mock_calls == expected[wanted]
    assert begins is (wanted is not None)


@pytest.mark.parametrize("decision", [NAMED, UNSURE])
def test_music_that_was_paused_or_taken_over_since_a_look_has_begun_it_stays_so(decision: Decision) -> None:
    playback = playback_in(ControlMode.YIELDED)
    assert respond(playback, LookResult(decision, by_press=True, answered=OTHER))
    assert playback.mock_calls == []


def test_a_press_that_was_answered_while_nobody_was_seen_is_not_answered_again() -> None:
    playback = playback_in(ControlMode.FILLING)
    assert respond(playback, LookResult(NO_FACE, by_press=True, answered=NO_FACE))
    assert playback.mock_calls == []
