"""What the music is chosen for: how likely the listener is in each mood, and where that is known from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from device.mood import Decision, Mood, Probabilities, most_likely
from device.printable import percents

DIGITS = 3  # of a probability: enough for the music, and the same after it was written down and read again
PLAYLIST_PROBABILITY = 0.5  # that a mood needs for its stored playlist to be played


class ChosenBy(StrEnum):
    """Where an estimate is from."""

    MOOD = "mood"  # a look that named a mood
    UNSURE = "unsure"  # a look that saw a face and could not name its mood
    CORRECTION = "correction"  # somebody has said which mood was right at the last look
    HAND = "hand"  # somebody has chosen the mood, until the next press
    ROOM = "room"  # what somebody has done at a box in another room
    LAST = "last"  # nobody was seen, or music began by itself: on with what was played last
    NEUTRAL = "neutral"  # the same, where nothing was played before


BY_LOOK = frozenset({ChosenBy.MOOD, ChosenBy.UNSURE, ChosenBy.CORRECTION})
"""What a correction of the last look takes back."""


@dataclass(frozen=True)
class MoodEstimate:
    """A probability for each mood. Two estimates are equal if their probabilities are.

    Attributes:
        probabilities: They sum to 1. Moods that are left out have 0.
        chosen_by: Where they are from.
    """

    probabilities: Probabilities
    chosen_by: ChosenBy = field(default=ChosenBy.MOOD, compare=False)

    @classmethod
    def certain(cls, mood: Mood, chosen_by: ChosenBy = ChosenBy.MOOD) -> MoodEstimate:
        """The estimate that is sure of one mood."""
        return cls({mood: 1.0}, chosen_by)

    @classmethod
    def of_decision(cls, decision: Decision) -> MoodEstimate | None:
        """The estimate by a look's probabilities; None if it saw no face."""
        if not decision.probabilities:
            return None
        by = ChosenBy.MOOD if decision.mood else ChosenBy.UNSURE
        return cls._rounded(decision.probabilities, by)

    @classmethod
    def parse(cls, text: str) -> MoodEstimate:
        """Read a mood ("sad") or probabilities ("happy=0.45,neutral=0.40,sad=0.15"), scaled to a sum of 1.

        Raises:
            ValueError: It is neither.
        """
        if "=" not in text:
            return cls.certain(Mood(text.strip().casefold()))
        pairs = [part.split("=", 1) if "=" in part else [part, ""] for part in text.split(",")]
        probabilities = {Mood(name.strip().casefold()): _number(value) for name, value in pairs}
        if len(probabilities) < len(pairs):
            raise ValueError("each mood needs one probability from 0 to 1")
        return cls.scaled(probabilities, ChosenBy.UNSURE)

    @classmethod
    def scaled(cls, probabilities: Probabilities, chosen_by: ChosenBy) -> MoodEstimate:
        """The estimate by these probabilities, scaled to a sum of 1.

        Raises:
            ValueError: They are none.
        """
        total = sum(probabilities.values())
        if not all(0 <= p <= 1 for p in probabilities.values()):
            raise ValueError("each mood needs one probability from 0 to 1")
        if not total:
            raise ValueError("no mood has a probability above 0")
        return cls._rounded({mood: p / total for mood, p in probabilities.items()}, chosen_by)

    @classmethod
    def _rounded(cls, probabilities: Probabilities, chosen_by: ChosenBy) -> MoodEstimate:
        rounded = {mood: round(p, DIGITS) for mood, p in probabilities.items() if round(p, DIGITS)}
        first = most_likely(rounded)
        # So that the sum is 1 again, and `parse` gives an equal estimate.
        rounded[first] = round(rounded[first] + 1 - sum(rounded.values()), DIGITS)
        return cls(rounded, chosen_by)

    def now_by(self, chosen_by: ChosenBy) -> MoodEstimate:
        """The same probabilities, for another reason."""
        return replace(self, chosen_by=chosen_by)

    @property
    def mood(self) -> Mood:
        """The likeliest mood."""
        return most_likely(self.probabilities)

    @property
    def playlist_mood(self) -> Mood | None:
        """The mood whose stored playlist is to be played; None if no mood is likely enough."""
        return self.mood if self.probabilities[self.mood] >= PLAYLIST_PROBABILITY else None

    @property
    def uncertainty(self) -> float:
        """From 0, one mood is certain, to 1, all of Mood are equally likely: Gini's impurity, scaled."""
        impurity = 1 - sum(p * p for p in self.probabilities.values())
        return max(0.0, impurity / (1 - 1 / len(Mood)))

    @property
    def text(self) -> str:
        """What `parse` reads."""
        if len(self.probabilities) == 1:
            return str(self.mood)
        return ",".join(f"{mood}={p:.{DIGITS}f}" for mood, p in self.probabilities.items())

    def __str__(self) -> str:
        """For people: "sad", or "sad 45 %, neutral 40 %, happy 15 %", the likeliest first."""
        if len(self.probabilities) == 1:
            return str(self.mood)
        shown = percents(self.probabilities)
        ordered = sorted(self.probabilities, key=lambda mood: -self.probabilities[mood])
        return ", ".join(f"{mood} {shown[mood]}" for mood in ordered if shown[mood] != "0 %")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


Estimates = Mapping[str, MoodEstimate]
"""For which estimate each song was queued, by URI."""
