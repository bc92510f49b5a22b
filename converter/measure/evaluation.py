"""Scores a model on a split: runs it on the faces and computes the figures from its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.training.run_folder import read_recipe
from device.errors import ModelError
from device.mood import Mood
from device.vision.classifier import Classifier
from device.vision.model_card import read_card
from device.vision.normalization import normalize, normalize_all


@dataclass(frozen=True)
class ClassScores:
    """The scores of one mood, 0-1; precision is 0 for a mood that was never predicted."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """The scores on one split, all computed from the confusion matrix.

    Attributes:
        labels: the moods.
        confusion: a row for each true mood, a column for each predicted one; numbers of faces.
    """

    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        """Number of faces."""
        return sum(map(sum, self.confusion))

    @property
    def accuracy(self) -> float:
        """Share of the faces whose mood was predicted."""
        return sum(self.confusion[i][i] for i in range(len(self.labels))) / self.count

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the moods that occur."""
        recalls = [c.recall for c in self.classes.values() if c.support]
        return sum(recalls) / len(recalls)

    @property
    def classes(self) -> dict[str, ClassScores]:
        """Scores of each mood."""
        scores = {}
        for i, label in enumerate(self.labels):
            hits, predicted = self.confusion[i][i], sum(row[i] for row in self.confusion)
            support = sum(self.confusion[i])
            scores[label] = ClassScores(
                precision=_share(hits, predicted),
                recall=_share(hits, support),
                f1=_share(2 * hits, predicted + support),
                support=support,
            )
        return scores

    def as_dict(self) -> dict[str, Any]:
        """Return the scores under the keys of `evaluate --json` and of the model card."""
        return {
            "count": self.count,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "labels": list(self.labels),
            "classes": {label: asdict(scores) for label, scores in self.classes.items()},
            "confusion_matrix": [list(row) for row in self.confusion],
        }

    def table(self) -> str:
        """Format the scores for people: a line for each mood, with its row of the confusion matrix."""
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


def score(labels: Sequence[str], truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> Scores:
    """Score predictions.

    Args:
        labels: the k classes.
        truth: int64, (n,): indices into `labels`.
        probabilities: float32, (n, k); the highest in a row is the prediction.
    """
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(matrix, (truth, probabilities.argmax(axis=1)), 1)
    return Scores(tuple(map(str, labels)), tuple(tuple(row) for row in matrix.tolist()))


def agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the share of faces for which two models, with probabilities (n, k), predict the same mood."""
    return float(np.mean(first.argmax(axis=1) == second.argmax(axis=1)))


def labels_of(model: Path) -> tuple[Mood, ...]:
    """Return the moods of a model: of a `.tflite` file by its card, of a `.keras` file by its run.

    Raises:
        MoodboxError: the card or the run is missing or damaged, or `model` is neither.
    """
    if model.suffix == ".tflite":
        return read_card(model).labels
    if model.suffix == ".keras":
        return tuple(Mood(mood) for mood in read_recipe(model.parent).moods)
    raise ModelError(f"{model}: expected a .tflite file with its card, or a .keras file in its run's folder")


def probabilities(model: Path, images: NDArray[np.uint8], runtime: str = "auto") -> NDArray[np.float32]:
    """Run a model on images; a `.tflite` file just as the device runs it, but without its card's prior.

    The prior is for people in front of the box, not for FER2013.

    Args:
        model: a `.tflite` file with its card, or a `.keras` file in its run's folder.
        images: uint8, (n, 48, 48), not normalized yet.
        runtime: for a `.tflite` file, as `device.vision.tflite.interpreter` takes it.

    Returns:
        float32, (n, k); each row sums to 1.

    Raises:
        MoodboxError: the model cannot be loaded.
    """
    if model.suffix == ".tflite":
        classifier = Classifier(model, runtime)
        normalization = classifier.card.crop.normalization
        rows = [classifier.probabilities(normalize(image, normalization)) for image in images]
        return np.array(rows, dtype=np.float32)
    # Imported here, since a .tflite file needs no Keras.
    from converter.networks.architectures import predict
    from converter.networks.saved_models import restore

    normalization = read_recipe(model.parent).augmentation.normalization
    return predict(restore(model), normalize_all(images, normalization))


def evaluate(model: Path, split: Split, runtime: str = "auto") -> Scores:
    """Score `model` on `split`.

    Raises:
        MoodboxError: the model cannot be loaded.
    """
    return score(split.moods, split.labels, probabilities(model, split.images, runtime))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _columns(cells: Sequence[object]) -> str:
    return "".join(f"{cell!s:>9}" for cell in cells)
