"""Measures the whole path from frame to decision on photos, under each condition that a camera may meet."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from converter.measure.evaluation import score
from converter.measure.scenes import Photo, frames
from device.config import settings
from device.vision.observation import FaceAnalyzer, observe


@dataclass(frozen=True)
class Result:
    """Scores under one condition, as shares of all photos; a face that was not found counts as wrong.

    Attributes:
        condition: its name.
        photos: how many there are.
        not_found: share without a face.
        balanced_accuracy: mean recall.
        recall: of each mood.
        coverage: share that got a mood and not `unsure`.
        precision: share of these that got the true mood.
    """

    condition: str
    photos: int
    not_found: float
    balanced_accuracy: float
    recall: dict[str, float]
    coverage: float
    precision: float

    def as_dict(self) -> dict[str, Any]:
        """Return the scores under the keys of `conditions --json`."""
        return {
            "condition": self.condition,
            "photos": self.photos,
            "lost": self.not_found,
            "balanced_accuracy": self.balanced_accuracy,
            "recall": self.recall,
            "named": self.coverage,
            "right": self.precision,
        }


def measure(analyzer: FaceAnalyzer, photos: Sequence[Photo], condition: str) -> Result:
    """Observe every photo under `condition`, with as many frames as the box takes at the least.

    All frames of an observation are the same one, as of a face that keeps still.
    """
    card = analyzer.card
    labels = tuple(mood for mood in card.labels if any(photo.mood is mood for photo in photos))
    rules = settings.Look()
    answers = np.zeros((len(photos), len(labels) + 1), dtype=np.float32)  # the last column: no face
    for row, frame in zip(answers, frames(photos, condition), strict=True):
        shots = itertools.repeat(frame, rules.readings)
        decision = observe(analyzer, shots, rules, clock=lambda: 0.0)  # independent of this machine's speed
        probabilities = decision.probabilities
        row[:] = [probabilities[mood] for mood in labels] + [0] if probabilities else [0] * len(labels) + [1]
    truth = np.array([labels.index(photo.mood) for photo in photos])
    scores = score((*labels, "no face"), truth, answers)
    best, not_found = answers.argmax(axis=1), answers[:, -1] == 1
    named = (answers.max(axis=1) >= card.threshold) & ~not_found
    return Result(
        condition,
        photos=len(photos),
        not_found=float(not_found.mean()),
        balanced_accuracy=scores.balanced_accuracy,
        recall={str(mood): scores.classes[mood].recall for mood in labels},
        coverage=float(named.mean()),
        precision=float((best == truth)[named].mean()) if named.any() else 0.0,
    )


def table(results: Sequence[Result]) -> str:
    """Format the results as a Markdown table."""
    moods = list(results[0].recall)
    lines = [
        f"| condition | balanced accuracy | {' | '.join(moods)} | face not found | named | of those right |",
        "|" + "---|" * (len(moods) + 5),
    ]
    for r in results:
        recalls = " | ".join(f"{share:.1%}" for share in r.recall.values())
        lines.append(
            f"| {r.condition} | **{r.balanced_accuracy:.3f}** | {recalls} | {r.not_found:.1%} | "
            f"{r.coverage:.1%} | {r.precision:.1%} |"
        )
    return "\n".join(lines)
