"""Moods, predictions and decisions: plain values, and the pure functions over them.

A prediction is what the classifier says of one frame with a face: a probability for each mood. A decision is
what one observation, several frames, comes to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class Mood(StrEnum):
    """FER2013's seven emotions. A model knows some or all of them; its card says which."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    NEUTRAL = "neutral"
    SAD = "sad"
    SURPRISE = "surprise"


class Outcome(StrEnum):
    """The kinds of decision."""

    MOOD = "mood"
    UNSURE = "unsure"
    NO_FACE = "no_face"


class Face(NamedTuple):
    """The bounding box of a face in a frame, in pixels.

    tilt: by how many degrees the frame must be rotated, counter-clockwise, to make the face upright.
    """

    x: int
    y: int
    width: int
    height: int
    tilt: float = 0.0


Probabilities = Mapping[Mood, float]
"""The classifier's probability for each of its moods, for one crop; they sum to 1."""


@dataclass(frozen=True)
class Decision:
    """What one observation decided.

    mood: set only if `outcome` is MOOD.
    confidence: the highest mean probability, from 0 to 1; 0 without a face.
    probabilities: the mean of all predictions; None without a face.
    face: the last one that was detected.
    prediction_count: how many frames had a face.
    corrected: somebody has said that it was `mood`; the rest is still what was seen.
    """

    outcome: Outcome
    mood: Mood | None = None
    confidence: float = 0.0
    probabilities: Probabilities | None = None
    face: Face | None = None
    prediction_count: int = 0
    corrected: bool = False

    def corrected_to(self, mood: Mood) -> Decision:
        """The same decision, after somebody has said which mood was right."""
        return replace(self, outcome=Outcome.MOOD, mood=mood, corrected=True)

    @property
    def most_likely_mood(self) -> Mood | None:
        """The mood with the highest probability, named or not; None without a face."""
        return most_likely(self.probabilities) if self.probabilities else None


NO_FACE = Decision(Outcome.NO_FACE)


def most_likely(probabilities: Probabilities) -> Mood:
    """The mood with the highest probability; the first of them if several have it."""
    return max(probabilities, key=lambda mood: probabilities[mood])


def mean(predictions: Sequence[Probabilities]) -> Probabilities:
    """The mean probability of each mood; `predictions` must not be empty."""
    return {mood: sum(p[mood] for p in predictions) / len(predictions) for mood in predictions[0]}


def agree(predictions: Sequence[Probabilities], required: int) -> bool:
    """Whether there are at least `required` predictions, and the last `required` name the same mood."""
    return len(predictions) >= required and len({most_likely(p) for p in predictions[-required:]}) == 1


def decide(predictions: Sequence[Probabilities], threshold: float, face: Face | None = None) -> Decision:
    """Decide by the mean of all predictions of an observation; it names a mood if it reaches `threshold`."""
    if not predictions:
        return NO_FACE
    probabilities = mean(predictions)
    mood = most_likely(probabilities)
    is_confident = probabilities[mood] >= threshold
    return Decision(
        outcome=Outcome.MOOD if is_confident else Outcome.UNSURE,
        mood=mood if is_confident else None,
        confidence=probabilities[mood],
        probabilities=probabilities,
        face=face,
        prediction_count=len(predictions),
    )
