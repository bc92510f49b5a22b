"""Simulates people whom the box reads badly, and who tell it when it was wrong.

FER2013 does not say who is on its pictures. So clusters stand for people: of the features that the network's
last layer gets, less the mean features of the mood that most of ten people see in the face. Such a cluster
has faces of several moods that differ from other people's in the same way, for example always look a little
sadder to the network. No real person is so uniform: what is learned here is the most that can be hoped for.

Half of a person's faces are for learning, and the balanced accuracy is measured on the others. A look is one
face. A person corrects only what the box misread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converter.measure import statistics
from device.mood import Mood
from device.mood_bias import MAX_FACTOR, NO_BIAS, STRENGTH, MoodBias
from device.vision.opencv import cv2

PEOPLE = 20
LEAST_PEOPLE = 4  # two to choose by, and two to report on
LEAST_FACES = 10  # of a mood that a person is said to have; half of them are for learning
TRIALS = 40  # for each person, with other halves of the faces and other looks
SEED = 1
STRENGTHS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0)
MAX_FACTORS = (2.0, 3.0, 4.0, 5.0)

TEN, THIRTY, UNDONE = "r" * 10, "r" * 30, "r" * 30 + "w" * 10 + "r" * 10
SEQUENCES = {
    "before": "",
    "10 corrections": TEN,
    "30 corrections": THIRTY,
    "10 wrong ones": "w" * 10,
    "10 wrong, 10 right": "w" * 10 + TEN,
    "30, 10 wrong": THIRTY + "w" * 10,
    "30, 10 wrong, 10 right": UNDONE,
}
"""What happens, step by step: `r` is a right correction, `w` a wrong one, always to the same mood."""


@dataclass(frozen=True)
class Person:
    """The faces that stand for one person.

    Attributes:
        truth: int64, (n,): the mood of each face, as an index.
        probabilities: float64, (n, k): what the box sees in each.
    """

    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def balanced_accuracy(self, factors: NDArray[np.float64] | float = 1.0) -> float:
        """Return the mean recall of this person's moods, with factors (k,) on the probabilities."""
        predicted = (self.probabilities * factors).argmax(axis=1)
        classes = self.probabilities.shape[1]
        recalls = statistics.recalls(self.truth, predicted, np.ones(len(self.truth)), classes)
        return statistics.balanced_accuracy(recalls)

    def select(self, rows: NDArray[np.int64]) -> Person:
        """Return the person with these faces alone."""
        return Person(self.truth[rows], self.probabilities[rows])


def people(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    count: int = PEOPLE,
) -> list[Person]:
    """Cluster faces into people, those with the lowest balanced accuracy first.

    Args:
        features: (n, m): what the network's last layer gets.
        truth: int64, (n,): the mood of each face, as an index.
        probabilities: (n, k): what the box sees in each.
        count: of clusters. One in which fewer than two moods have LEAST_FACES faces is left out.
    """
    offsets = features.copy()
    for mood in np.unique(truth):
        offsets[truth == mood] -= features[truth == mood].mean(axis=0)
    cv2.setRNGSeed(SEED)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 200, 1e-4)
    clusters = cv2.kmeans(offsets, count, np.empty(0), criteria, 10, cv2.KMEANS_PP_CENTERS)[1].ravel()
    found = []
    for cluster in range(count):
        inside = clusters == cluster
        moods = np.flatnonzero(np.bincount(truth[inside]) >= LEAST_FACES)
        rows = np.flatnonzero(inside & np.isin(truth, moods))
        if len(moods) > 1:
            found.append(Person(truth[rows], probabilities[rows]))
    return sorted(found, key=Person.balanced_accuracy)


def simulate(
    person: Person, moods: Sequence[Mood], sequence: str, bias: MoodBias = NO_BIAS, trials: int = TRIALS
) -> float:
    """Return the balanced accuracy after a sequence of corrections, the mean of several trials.

    Args:
        person: whose faces.
        moods: the k moods.
        sequence: of SEQUENCES.
        bias: the box's at the beginning.
        trials: how many.
    """
    return float(np.mean([_trial(person, moods, sequence, bias, seed) for seed in range(trials)]))


def _trial(person: Person, moods: Sequence[Mood], sequence: str, bias: MoodBias, seed: int) -> float:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(person.truth))
    order = order[np.argsort(person.truth[order], kind="stable")]  # so that each mood is halved
    learning, measuring = person.select(order[::2]), person.select(order[1::2])
    wrong_mood = int(rng.integers(len(moods)))
    for step in sequence:
        seen = learning.probabilities * _factors(bias, moods)
        if step == "r":
            looks = np.flatnonzero(seen.argmax(axis=1) != learning.truth)
        else:
            looks = np.flatnonzero(learning.truth != wrong_mood)
        if not len(looks):
            continue  # the box reads everything right
        look = rng.choice(looks)
        said = learning.truth[look] if step == "r" else wrong_mood
        shares = seen[look] / seen[look].sum()
        bias = bias.corrected(dict(zip(moods, shares.tolist(), strict=True)), moods[said])
    return measuring.balanced_accuracy(_factors(bias, moods))


def _factors(bias: MoodBias, moods: Sequence[Mood]) -> NDArray[np.float64]:
    return np.array([bias.factor(mood) for mood in moods])


def report(everybody: Sequence[Person], moods: Sequence[Mood], trials: int = TRIALS) -> str:
    """Format what corrections bring: on one half of the people for each strength, on the other as it is.

    Args:
        everybody: from `people`. Every second one is for choosing.
        moods: the moods.
        trials: for each person.
    """
    choosing, reporting = everybody[::2], everybody[1::2]
    lines = [
        f"{len(choosing)} people for choosing: after 10 corrections; after 30; after 30, 10 wrong, 10 right",
        f"{'strength':>8}" + "".join(f"{f'factor {factor:g}':>20}" for factor in MAX_FACTORS),
    ]
    for strength in STRENGTHS:
        line = f"{strength:8g}"
        for max_factor in MAX_FACTORS:
            bias = MoodBias(strength=strength, max_factor=max_factor)
            after = [_values(choosing, moods, sequence, bias, trials) for sequence in (TEN, THIRTY, UNDONE)]
            line += "  " + "".join(f"{np.mean(values):6.3f}" for values in after)
        lines.append(line)
    lines += [
        "",
        f"{len(reporting)} people for reporting, strength {STRENGTH:g}, factor {MAX_FACTOR:g}",
        f"{'':24}{'all of them':>14}{'the half read worst':>22}{'the others':>14}",
    ]
    for name, sequence in SEQUENCES.items():
        values = _values(reporting, moods, sequence, NO_BIAS, trials)
        half = len(values) // 2
        worst, others = np.mean(values[:half]), np.mean(values[half:])
        lines.append(f"{name:24}{np.mean(values):14.3f}{worst:22.3f}{others:14.3f}")
    return "\n".join(lines)


def _values(
    everybody: Sequence[Person], moods: Sequence[Mood], sequence: str, bias: MoodBias, trials: int
) -> list[float]:
    return [simulate(person, moods, sequence, bias, trials) for person in everybody]
