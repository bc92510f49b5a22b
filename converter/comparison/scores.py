"""What is measured of each model of a comparison."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.measure import by_votes, conditions, evaluation
from converter.measure.bootstrap import Estimate
from converter.measure.by_votes import THREE
from converter.measure.photos import Photo
from device.config import settings
from device.mood import Mood
from device.vision.model_card import read_card
from device.vision.observation import FaceAnalyzer
from device.vision.tflite import interpreter

INVOCATIONS = 20  # of a batch that is timed
BATCHES = 10  # the fastest counts: whatever else runs on the machine only adds to the others


class Figure(msgspec.Struct, frozen=True):
    """A share, 0-1, and its standard error."""

    value: float
    error: float


class Scores(msgspec.Struct, frozen=True):
    """The scores of one integer model on PrivateTest, without a prior, and its cost.

    Attributes:
        sha256: of the `.tflite` file.
        labels: accuracy by FER2013's labels.
        labels_of_three: the same on happy, neutral and sad faces, answered with one of these.
        macro_f1: mean F1 of the moods, by FER2013's labels.
        votes: accuracy on faces whose majority of FER+'s votes is one of the moods.
        votes_of_three: the same for happy, neutral and sad.
        lost_by_int8: how much higher the accuracy of the float network is by FER2013's labels, in shares.
        parameters: of the network.
        multiply_adds: for one crop.
        bytes: size of the file.
        milliseconds: of processor time for one crop, on one thread.
        photos: balanced accuracy of a look at the photos for reporting, condition clean; None without photos.
        moods: the moods, in the order of `confusion`.
        confusion: by FER2013's labels: a row for each label, a column for each answer.
    """

    sha256: str
    labels: Figure
    labels_of_three: Figure | None
    macro_f1: float
    votes: Figure
    votes_of_three: Figure | None
    lost_by_int8: float
    parameters: int
    multiply_adds: int
    bytes: int
    milliseconds: float
    photos: Figure | None
    moods: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]


def measure(model: Path, split: Split, photos: Sequence[Photo]) -> Scores:
    """Measure a model.

    Args:
        model: a `.tflite` file with its card, of one network.
        split: to score it on: all faces, with FER+'s votes.
        photos: of people; none if they are not asked for.
    """
    # Imported here, since to read scores needs no Keras.
    from converter.networks.architectures import NETWORKS
    from converter.networks.cost import multiply_adds

    card = read_card(model)
    moods, about = card.labels, card.about
    answers = evaluation.probabilities(model, split.images)
    by_label = _by_labels(split, moods, moods, answers)
    by_people = {
        each.moods: each for each in by_votes.measure(split, moods, answers, {}) if each.truth == "majority"
    }
    three = set(THREE) < set(moods)
    return Scores(
        sha256=card.sha256,
        labels=_accuracy(by_label),
        labels_of_three=_accuracy(_by_labels(split, moods, THREE, answers)) if three else None,
        macro_f1=float(np.mean([each.f1 for each in by_label.classes.values()])),
        votes=_figure(by_people[tuple(moods)].as_the_box["accuracy"]),
        votes_of_three=_figure(by_people[THREE].as_the_box["accuracy"]) if three else None,
        lost_by_int8=about["scores"][split.name]["float"]["accuracy"] - by_label.accuracy,
        parameters=about["parameters"],
        multiply_adds=multiply_adds(NETWORKS[about["network"]](len(moods))),
        bytes=model.stat().st_size,
        milliseconds=_milliseconds(model, card.side),
        photos=_photos(model, photos) if photos else None,
        moods=tuple(map(str, moods)),
        confusion=by_label.confusion,
    )


def _by_labels(
    split: Split, known: Sequence[Mood], asked: Sequence[Mood], answers: NDArray[np.float32]
) -> evaluation.Scores:
    """Score the answers, (n, len(known)), on the faces labelled with one of `asked`."""
    columns = [known.index(mood) for mood in asked]
    faces = split.is_of(asked)
    return evaluation.score(asked, split.restrict_to(asked).labels, answers[faces][:, columns])


def _accuracy(scores: evaluation.Scores) -> Figure:
    return Figure(scores.accuracy, scores.errors()["accuracy"])


def _figure(estimate: Estimate) -> Figure:
    return Figure(estimate.value, estimate.error)


def _photos(model: Path, photos: Sequence[Photo]) -> Figure:
    analyzer = FaceAnalyzer(settings.Model(path=str(model)), settings.Look())
    return _figure(conditions.measure(analyzer, photos, "clean", THREE).everything.balanced_accuracy)


def _milliseconds(model: Path, side: int) -> float:
    network = interpreter(model)
    network.set_tensor(network.get_input_details()[0]["index"], np.full((1, side, side, 1), 128, np.uint8))
    network.invoke()
    times = []
    for _ in range(BATCHES):
        began = time.thread_time()
        for _ in range(INVOCATIONS):
            network.invoke()
        times.append((time.thread_time() - began) / INVOCATIONS)
    return 1000 * min(times)
