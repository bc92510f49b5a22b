"""Scores a model on a split: runs it on the faces and computes the figures from its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.measure import statistics
from converter.measure.bootstrap import Weights, estimate
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

    def errors(self) -> dict[str, float]:
        """Return the standard errors of accuracy and balanced accuracy, by bootstrap over the faces."""
        truth, predicted = np.divmod(
            np.repeat(np.arange(len(self.labels) ** 2), np.ravel(self.confusion)), len(self.labels)
        )

        def figures(weights: Weights) -> dict[str, float]:
            recalls = statistics.recalls(truth, predicted, weights, len(self.labels))
            return {
                "accuracy": statistics.mean(truth == predicted, weights),
                "balanced_accuracy": statistics.balanced_accuracy(recalls),
            }

        return {name: each.error for name, each in estimate(figures, np.arange(len(truth))).items()}

    def table(self) -> str:
        """Format the scores for people: a line for each mood, with its row of the confusion matrix."""
        lines = [f"{'truth':10}precision  recall      f1  faces   answered " + _columns(self.labels)]
        for (label, scores), row in zip(self.classes.items(), self.confusion, strict=True):
            lines.append(
                f"{label:10}{100 * scores.precision:7.1f} % {100 * scores.recall:5.1f} % "
                f"{100 * scores.f1:5.1f} % {scores.support:6}            {_columns(row)}"
            )
        errors = self.errors()
        lines.append(
            f"accuracy {100 * self.accuracy:.1f} ± {100 * errors['accuracy']:.1f} %, balanced "
            f"{100 * self.balanced_accuracy:.1f} ± {100 * errors['balanced_accuracy']:.1f} %, "
            f"{self.count} faces"
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


def prior_of(model: Path) -> Mapping[Mood, float]:
    """Return the prior in a model's card; a `.keras` file has none."""
    return read_card(model).prior if model.suffix == ".tflite" else {}


def probabilities(
    model: Path,
    images: NDArray[np.uint8],
    runtime: str = "auto",
    votes_share: float | None = None,
    *,
    mirrored: bool = False,
) -> NDArray[np.float32]:
    """Run a model on images; a `.tflite` file just as the device runs it, but without its card's prior.

    The prior is for people in front of the box, not for FER2013's labels.

    Args:
        model: a `.tflite` file with its card, or a `.keras` file in its run's folder.
        images: uint8, (n, 48, 48), not normalized yet.
        runtime: for a `.tflite` file, as `device.vision.tflite.interpreter` takes it.
        votes_share: for a `.keras` file, the weight of the output that learned FER+'s votes, 0-1; 0 if None.
        mirrored: whether to return the mean for an image and its mirror image. The box, too, mirrors every
            second crop of a look.

    Returns:
        float32, (n, k); each row sums to 1.

    Raises:
        MoodboxError: the model cannot be loaded, or a `.tflite` file is asked for a share of the votes.
    """
    run = _runner(model, runtime, votes_share)
    found = run(images)
    return (found + run(images[:, :, ::-1])) / 2 if mirrored else found


def feature_network(model: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Load the network of a run, and return what computes the features that its outputs are made from.

    Args:
        model: a `.keras` file in its run's folder.

    Raises:
        MoodboxError: it cannot be loaded.
    """
    from converter.networks.architectures import predict
    from converter.networks.saved_models import features, restore

    normalization = read_recipe(model.parent).augmentation.normalization
    network = features(restore(model))
    return lambda images: predict(network, normalize_all(images, normalization))


def _runner(
    model: Path, runtime: str, votes_share: float | None
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    if model.suffix == ".tflite":
        if votes_share is not None:
            raise ModelError(
                f"{model}: `quantize` has fixed its share of the votes; leave out --votes-share, "
                "or name the run's .keras file"
            )
        classifier = Classifier(model, runtime)
        normalization = classifier.card.crop.normalization
        return lambda images: np.array(
            [classifier.probabilities(normalize(image, normalization)) for image in images], dtype=np.float32
        )
    # Imported here, since a .tflite file needs no Keras.
    from converter.networks.architectures import predict
    from converter.networks.saved_models import restore

    of_run = read_recipe(model.parent).augmentation.normalization
    network = restore(model, votes_share=votes_share or 0.0)
    return lambda images: predict(network, normalize_all(images, of_run))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _columns(cells: Sequence[object]) -> str:
    return "".join(f"{cell!s:>9}" for cell in cells)
