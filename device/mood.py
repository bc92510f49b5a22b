"""Moods, readings and verdicts: plain values, and the pure functions over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """What a look can end with."""

    MOOD = "mood"
    UNSURE = "unsure"
    NO_FACE = "no_face"


class Face(NamedTuple):
    """Where a face is in a frame, in pixels.

    tilt: by how many degrees the frame has to be turned, counter-clockwise, for it to stand upright.
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
    """What one look decided.

    `mood` is set only where `outcome` is MOOD. `confidence` is the highest mean probability
    (0 without a face). `face` is the last one seen.
    """

    outcome: Outcome
    mood: Mood | None = None
    confidence: float = 0.0
    probabilities: Probabilities | None = None
    face: Face | None = None
    readings: int = 0


NO_FACE = Decision(Outcome.NO_FACE)


def likeliest(reading: Probabilities) -> Mood:
    return max(reading, key=lambda mood: reading[mood])


def mean(readings: Sequence[Probabilities]) -> Probabilities:
    """The mean probability of each mood; `readings` must not be empty."""
    return {mood: sum(r[mood] for r in readings) / len(readings) for mood in readings[0]}


def agree(readings: Sequence[Probabilities], least: int) -> bool:
    """Whether the last `least` readings, or more, all name the same mood."""
    return len(readings) >= least and len({likeliest(r) for r in readings[-least:]}) == 1


def decide(readings: Sequence[Probabilities], threshold: float, face: Face | None = None) -> Decision:
    """One verdict from all readings of a look: their mean names a mood if it reaches `threshold`."""
    if not readings:
        return NO_FACE
    probabilities = mean(readings)
    mood = likeliest(probabilities)
    sure = probabilities[mood] >= threshold
    return Decision(
        outcome=Outcome.MOOD if sure else Outcome.UNSURE,
        mood=mood if sure else None,
        confidence=probabilities[mood],
        probabilities=probabilities,
        face=face,
        readings=len(readings),
    )
