"""Scores a model by what FER+'s ten people say of the faces, and not by FER2013's labels.

The labels are the words that somebody searched the web for; the majority of ten people agrees with 64 % of
them. So models are chosen by the measures of this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.ferplus import majority, shares, strict_majority
from converter.measure import statistics
from converter.measure.bootstrap import Estimate, Weights, estimate
from device.mood import Mood

THREE = (Mood.HAPPY, Mood.NEUTRAL, Mood.SAD)
# The measures in the order of the report: how each is called, and whether it is a percentage.
NAMES = {
    "accuracy": ("accuracy", True),
    "balanced_accuracy": ("balanced accuracy", False),
    "cross_entropy": ("cross-entropy against the ten", False),
    "calibration_error": ("calibration error", False),
    "coverage_at_85": ("named, if 85 % shall be right", True),
    "coverage_at_90": ("named, if 90 % shall be right", True),
    "coverage_at_95": ("named, if 95 % shall be right", True),
} | {f"recall_{mood}": (f"recall of {mood}", True) for mood in Mood}


@dataclass(frozen=True)
class VoteScores:
    """The scores on the faces that one rule selects.

    Attributes:
        truth: the rule: `strict majority, eight classes` or `majority`.
        moods: what the answer is held to.
        faces: how many the rule selects.
        least_cross_entropy: the entropy of the votes; None if it was not measured.
        as_the_box: by measure, with the prior.
        without_prior: the same without it.
    """

    truth: str
    moods: tuple[Mood, ...]
    faces: int
    least_cross_entropy: float | None
    as_the_box: Mapping[str, Estimate]
    without_prior: Mapping[str, Estimate]

    def as_dict(self) -> dict[str, Any]:
        """Return the scores as `evaluate --json` prints them."""
        return {
            "truth": self.truth,
            "moods": list(self.moods),
            "faces": self.faces,
            "least_cross_entropy": self.least_cross_entropy,
            "as_the_box": {name: figure.as_dict() for name, figure in self.as_the_box.items()},
            "without_prior": {name: figure.as_dict() for name, figure in self.without_prior.items()},
        }

    def table(self) -> str:
        """Format the scores for people."""
        lines = [f"{self.truth}: {', '.join(self.moods)} ({self.faces} faces)"]
        for name, figure in self.as_the_box.items():
            title, is_share = NAMES[name]
            if name == "cross_entropy" and self.least_cross_entropy is not None:
                title += f" (least {self.least_cross_entropy:.3f})"
            columns = [
                each.percent() if is_share else each.share() for each in (figure, self.without_prior[name])
            ]
            lines.append(f"  {title:46}{columns[0]:>18}{columns[1]:>18}")
        return "\n".join(lines)


def report(scores: Sequence[VoteScores], prior: Mapping[Mood, float]) -> str:
    """Format the scores of a model for people."""
    factors = ", ".join(f"{mood} {factor:g}" for mood, factor in prior.items())
    head = (
        "by FER+'s ten people, each with its standard error\n"
        f"prior: {factors or 'none'}\n"
        f"{'':48}{'as the box answers':>18}{'without the prior':>18}"
    )
    return "\n".join([head, *(each.table() for each in scores)])


def with_prior(
    probabilities: NDArray[np.float32], moods: Sequence[Mood], prior: Mapping[Mood, float]
) -> NDArray[np.float32]:
    """Weight probabilities, (n, k), by the prior of each mood, as the device does."""
    weighted = probabilities * np.array([prior.get(mood, 1.0) for mood in moods], dtype=np.float32)
    return _summing_to_1(weighted)


def measure(
    split: Split, moods: Sequence[Mood], probabilities: NDArray[np.float32], prior: Mapping[Mood, float]
) -> list[VoteScores]:
    """Score answers by every rule that applies to the model.

    Args:
        split: with votes, and with all of its faces, whatever FER2013's labels say.
        moods: the k moods of the model.
        probabilities: (n, k), without a prior, for each face of `split`.
        prior: of the model's card.
    """
    assert split.vote_counts is not None
    weighted = with_prior(probabilities, moods, prior)
    scores = []
    if set(moods) == set(Mood):
        scores.append(_by_strict_majority(split.vote_counts, moods, weighted, probabilities))
    for held in dict.fromkeys((tuple(moods), THREE)):
        if set(held) <= set(moods):
            columns = [moods.index(mood) for mood in held]
            scores.append(
                _by_majority(
                    split.vote_counts,
                    held,
                    _summing_to_1(weighted[:, columns]),
                    _summing_to_1(probabilities[:, columns]),
                )
            )
    return scores


def _by_strict_majority(
    counts: NDArray[np.int64],
    moods: Sequence[Mood],
    weighted: NDArray[np.float32],
    plain: NDArray[np.float32],
) -> VoteScores:
    """A face that most call contemptuous counts as missed: no model of seven moods can name it."""
    faces, truth = strict_majority(counts)
    order = np.array([list(Mood).index(mood) for mood in moods])

    def figures(probabilities: NDArray[np.float32]) -> dict[str, Estimate]:
        hit = order[probabilities[faces].argmax(axis=1)] == truth[faces]
        return estimate(lambda weights: {"accuracy": statistics.mean(hit, weights)}, _each(hit))

    return VoteScores(
        "strict majority, eight classes",
        tuple(moods),
        int(faces.sum()),
        None,
        figures(weighted),
        figures(plain),
    )


def _by_majority(
    counts: NDArray[np.int64],
    moods: tuple[Mood, ...],
    weighted: NDArray[np.float32],
    plain: NDArray[np.float32],
) -> VoteScores:
    faces, truth = majority(counts, moods)
    of_people = shares(counts, moods)[faces]
    every_face = np.ones(len(of_people))
    return VoteScores(
        "majority",
        moods,
        int(faces.sum()),
        statistics.cross_entropy(of_people, of_people, every_face),
        _figures(moods, truth[faces], of_people, weighted[faces]),
        _figures(moods, truth[faces], of_people, plain[faces]),
    )


def _figures(
    moods: tuple[Mood, ...],
    truth: NDArray[np.int64],
    of_people: NDArray[np.float32],
    probabilities: NDArray[np.float32],
) -> dict[str, Estimate]:
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    hit = predicted == truth
    agreeing = of_people[np.arange(len(truth)), predicted]
    occurring = np.unique(truth)

    def all_figures(weights: Weights) -> dict[str, float]:
        recalls = statistics.recalls(truth, predicted, weights, len(moods))
        return {
            "accuracy": statistics.mean(hit, weights),
            "balanced_accuracy": statistics.balanced_accuracy(recalls),
            "cross_entropy": statistics.cross_entropy(of_people, probabilities, weights),
            "calibration_error": statistics.calibration_error(confidence, agreeing, weights),
            **statistics.coverages(confidence, hit, weights),
            **{f"recall_{moods[index]}": recalls[index] for index in occurring},
        }

    return estimate(all_figures, _each(hit))


def _each(values: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Each face as a group of its own."""
    return np.arange(len(values))


def _summing_to_1(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """A quantized model may give 0 to all of the moods that are kept: none is then likelier than another."""
    total = probabilities.sum(axis=1, keepdims=True)
    even = np.float32(1 / probabilities.shape[1])
    return np.where(total > 0, probabilities / np.maximum(total, 1e-9), even)
