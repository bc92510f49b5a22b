"""What a model scores on a split: it runs over the faces here, and the figures come from its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.errors import RunError
from device.errors import ModelError
from device.mood import Mood
from device.vision.classifier import Classifier
from device.vision.model_card import read_card
from device.vision.normalization import normalize, normalize_all


@dataclass(frozen=True)
class ClassScores:
    """One mood's figures; precision is 0 for a mood that was never the answer."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """Everything here follows from `confusion`: a row for each true mood, a column for each answer."""

    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        return sum(self.confusion[i][i] for i in range(len(self.labels))) / self.count

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the moods that occur."""
        recalls = [c.recall for c in self.classes.values() if c.support]
        return sum(recalls) / len(recalls)

    @property
    def classes(self) -> dict[str, ClassScores]:
        scores = {}
        for i, label in enumerate(self.labels):
            hits, answers = self.confusion[i][i], sum(row[i] for row in self.confusion)
            support = sum(self.confusion[i])
            scores[label] = ClassScores(
                precision=_share(hits, answers),
                recall=_share(hits, support),
                f1=_share(2 * hits, answers + support),
                support=support,
            )
        return scores

    def as_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "labels": list(self.labels),
            "classes": {label: asdict(scores) for label, scores in self.classes.items()},
            "confusion_matrix": [list(row) for row in self.confusion],
        }

    def table(self) -> str:
        """For people: a line a mood, its figures and its row of the confusion matrix."""
        lines = [f"{'truth':10}precision  recall      f1  faces   answered " + _columns(self.labels)]
        for (label, scores), row in zip(self.classes.items(), self.confusion, strict=True):
            lines.append(
                f"{label:10}{scores.precision:9.1%} {scores.recall:7.1%} {scores.f1:7.1%} {scores.support:6}"
                f"            {_columns(row)}"
            )
        lines.append(
            f"accuracy {self.accuracy:.1%}, balanced {self.balanced_accuracy:.1%}, {self.count} faces"
        )
        return "\n".join(lines)


@dataclass(frozen=True)
class Threshold:
    """From `value` on a reading names its mood; then `right` of those named are, and `coverage` are named."""

    value: float
    right: float
    coverage: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def score(labels: Sequence[str], truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> Scores:
    """truth: (n,), indexes into `labels`. probabilities: (n, k)."""
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(matrix, (truth, probabilities.argmax(axis=1)), 1)
    return Scores(tuple(map(str, labels)), tuple(tuple(row) for row in matrix.tolist()))


def agreement(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The share of faces that two models, with probabilities (n, k) each, answer alike."""
    return float(np.mean(one.argmax(axis=1) == other.argmax(axis=1)))


def threshold(truth: NDArray[np.int64], probabilities: NDArray[np.float32], right: float) -> Threshold:
    """The lowest threshold, in steps of .01, from which on named moods are right `right` of the time.

    Raises RunError where there is none.
    """
    sure = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == truth
    for value in (step / 100 for step in range(101)):
        named = sure >= value
        if named.any() and hit[named].mean() >= right:
            return Threshold(value, right=float(hit[named].mean()), coverage=float(named.mean()))
    raise RunError(f"no threshold makes named moods right {right:.0%} of the time; ask for less with --right")


def temperature(truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float:
    """What to divide the logits by so that a probability means how often it is right; to two digits.

    It is the one under which the truth is likeliest.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-9))

    def surprise(value: float) -> float:
        scaled = logits / value
        scaled -= scaled.max(axis=1, keepdims=True)
        right = scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(axis=1))
        return -float(right.mean())

    return min((step / 100 for step in range(30, 301)), key=surprise)


def labels_of(model: Path) -> tuple[Mood, ...]:
    """The moods of a `.tflite` file by its card, of a `.keras` file by its run. Raises MoodboxError."""
    if model.suffix == ".tflite":
        return read_card(model).labels
    if model.suffix == ".keras":
        from converter.training import trainer as training  # a .tflite file does without Keras

        return tuple(Mood(mood) for mood in training.read_recipe(model.parent).moods)
    raise ModelError(f"{model}: expected a .tflite file with its card, or a .keras file in its run's folder")


def probabilities(model: Path, images: NDArray[np.uint8], runtime: str = "auto") -> NDArray[np.float32]:
    """Runs the model over images, uint8 (n, 48, 48), evened as it wants; a `.tflite` file as the device does.

    Its card's prior is for faces before the box, and not for these. The result is (n, k), each row summing to
    1. Raises MoodboxError.
    """
    if model.suffix == ".tflite":
        classifier = Classifier(model, runtime)
        light = classifier.card.crop.normalization
        answers = [classifier.probabilities(normalize(image, light)) for image in images]
        return np.array(answers, dtype=np.float32)
    from converter.networks import architectures as networks
    from converter.training import trainer as training  # as above

    light = training.read_recipe(model.parent).augmentation.light
    return networks.predict(networks.restore(model), normalize_all(images, light))


def run(model: Path, split: Split, runtime: str = "auto") -> Scores:
    """What `model` scores on `split`. Raises MoodboxError."""
    return score(split.moods, split.labels, probabilities(model, split.images, runtime))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _columns(cells: Sequence[object]) -> str:
    return "".join(f"{cell!s:>9}" for cell in cells)
