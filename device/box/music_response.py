"""What a look does to the music."""

from __future__ import annotations

from dataclasses import dataclass

from device.mood import Decision, Outcome
from device.mood_estimate import MoodEstimate
from device.playback.controller import PlaybackController


@dataclass(frozen=True)
class LookResult:
    """What a look has found, at its end or so far.

    Attributes:
        decision: By all its frames so far.
        by_press: Somebody has asked for it.
        face_moved: The face is not where the look before saw one, so it is no picture on the wall.
        answered: By what this same look has begun music already, before it ended; None if it has not.
    """

    decision: Decision
    by_press: bool
    face_moved: bool = False
    answered: Decision | None = None


def respond(playback: PlaybackController, look: LookResult) -> bool:
    """Start, steer or go on with the music. Returns whether there is music now, or soon.

    A look that somebody asked for always ends in music. A look that the box began by itself does if it named
    a mood, or if it was unsure of somebody who moves: a picture on the wall must not start the music.

    A press is answered once. If somebody has paused the music since, or has taken it over, it stays so.
    """
    estimate = MoodEstimate.of_decision(look.decision)
    if look.answered and (estimate is None or not playback.state.is_wanted):
        return True
    if estimate is None:
        if look.by_press:
            playback.go_on()
    elif look.decision.outcome is Outcome.MOOD and not _same_mood(look.answered, look.decision):
        playback.play(estimate, by_button=look.by_press)
    elif look.by_press or look.face_moved:
        playback.steer(estimate, by_button=look.by_press)
    else:
        return False
    return estimate is not None or look.by_press


def _same_mood(answered: Decision | None, decision: Decision) -> bool:
    return answered is not None and answered.most_likely_mood is decision.most_likely_mood
