"""What a look does to the music."""

from __future__ import annotations

from dataclasses import dataclass

from device.mood import Decision, Mood, Outcome
from device.mood_estimate import MoodEstimate
from device.playback.controller import PlaybackController


@dataclass(frozen=True)
class LookResult:
    """What a look has found, at its end or so far.

    Attributes:
        decision: By all its frames so far.
        by_press: Somebody has asked for it.
        face_moved: The face is not where the look before saw one, so it is no picture on the wall.
        answered: The mood for which this same look has begun music already, before it ended.
    """

    decision: Decision
    by_press: bool
    face_moved: bool = False
    answered: Mood | None = None


def respond(playback: PlaybackController, look: LookResult) -> bool:
    """Start, steer or go on with the music. Returns whether there is music now, or soon.

    A look that somebody asked for always ends in music. A look that the box began by itself does if it named
    a mood, or if it was unsure of somebody who moves: a picture on the wall must not start the music.
    """
    estimate = MoodEstimate.of_decision(look.decision)
    if estimate is None:
        if look.by_press:
            playback.go_on()
    elif look.decision.outcome is Outcome.MOOD and look.answered is not estimate.mood:
        playback.play(estimate, by_button=look.by_press)
    elif look.by_press or look.face_moved:
        playback.steer(estimate, by_button=look.by_press)
    else:
        return False
    return estimate is not None or look.by_press
