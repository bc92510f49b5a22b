"""What the box learns about its people when they say that it was wrong: a bias for each mood.

A count for each mood says how much more often it was right than the box had expected. `STRENGTH`
pseudo-counts for and against each mood stand for people whom the box does not know yet, so that one
correction changes little, and ten of them much. A correction moves the counts only by what the box did not
expect. So corrections in the other direction move them back, and those that agree with the box hardly matter.

No picture and nothing of a face is kept: only these counts, one for each mood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from device.mood import Mood, Probabilities

STRENGTH = 5.0
MAX_FACTOR = 4.0
"""Both were chosen by `moodbox-converter corrections`: see docs/models.md."""


@dataclass(frozen=True)
class MoodBias:
    """A bounded bias for each mood.

    Attributes:
        counts: Corrections for a mood less those against it; 0 for a mood that is missing.
        strength: Pseudo-counts for and against each mood.
        max_factor: The most by which a probability is multiplied or divided before they are made to sum to 1.
    """

    counts: Mapping[Mood, float] = field(default_factory=dict)
    strength: float = STRENGTH
    max_factor: float = MAX_FACTOR

    def factor(self, mood: Mood) -> float:
        """By what the probability of a mood is multiplied."""
        count = self._count(mood)
        return (self.strength + max(count, 0.0)) / (self.strength + max(-count, 0.0))

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """Return the probabilities with the bias; they sum to 1."""
        if not self.counts:
            return probabilities
        weighted = {mood: share * self.factor(mood) for mood, share in probabilities.items()}
        total = sum(weighted.values())
        return {mood: share / total for mood, share in weighted.items()}

    def corrected(self, seen: Probabilities, right: Mood) -> MoodBias:
        """Learn from one correction.

        Args:
            seen: What the box had seen, with the bias.
            right: The mood that was right, one of those in `seen`.
        """
        counts = dict(self.counts)
        for mood, share in seen.items():
            unexpected = (1.0 if mood is right else 0.0) - share
            counts[mood] = self._bounded(self._count(mood) + unexpected)
        return replace(self, counts=counts)

    def _count(self, mood: Mood) -> float:
        return self._bounded(self.counts.get(mood, 0.0))

    def _bounded(self, count: float) -> float:
        limit = (self.max_factor - 1.0) * self.strength
        return min(max(count, -limit), limit)


NO_BIAS = MoodBias()
