"""What is chosen after training: the temperature on PublicTest, the threshold there or on photos of people.

The third choice, the crop margin, comes from `converter.data.crop_calibration`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.errors import RunError

MIN_NAMED = 30  # photos, below which a precision says little
RESAMPLES = 2000


@dataclass(frozen=True)
class Threshold:
    """The least probability with which the box names a mood.

    Attributes:
        value: the threshold, 0-1.
        precision: share of the named moods that are the true ones.
        coverage: share of the faces whose mood is named.
    """

    value: float
    precision: float
    coverage: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures under the keys of the model card."""
        return {"value": self.value, "right": self.precision, "coverage": self.coverage}


def choose_threshold(
    truth: NDArray[np.int64], probabilities: NDArray[np.float32], target_precision: float
) -> Threshold:
    """Choose the lowest threshold, in steps of .01, that reaches a precision.

    Args:
        truth: int64, (n,): indices of the true moods.
        probabilities: float32, (n, k).
        target_precision: least share, 0-1, of the named moods that have to be the true ones.

    Raises:
        RunError: no threshold reaches it.
    """
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == truth
    most = 0.0
    for value in (step / 100 for step in range(101)):
        named = confidence >= value
        if named.any():
            precision = float(hit[named].mean())
            if precision >= target_precision:
                return Threshold(value, precision=precision, coverage=float(named.mean()))
            most = max(most, precision)
    raise _out_of_reach("of the named moods right", target_precision, most)


def choose_threshold_by_people(
    hit: NDArray[np.bool_],
    confidence: NDArray[np.float64],
    people: NDArray[np.int64],
    target_precision: float,
) -> Threshold:
    """Choose the lowest threshold, in steps of .01, that surely reaches a precision with other people, too.

    The lower end of an interval that contains four of five bootstrap samples of people has to reach it, here
    and at every higher threshold with which enough is named to tell.

    Args:
        hit: bool, (n,): whether the answer is right.
        confidence: float64, (n,): of the answer; -1 where no face was found.
        people: int64, (n,): the number of the person on each photo, from 0.
        target_precision: as in `choose_threshold`.

    Raises:
        RunError: no threshold reaches it.
    """
    chosen, most = None, None
    for value in (step / 100 for step in range(99, -1, -1)):
        named = confidence >= value
        if named.sum() < MIN_NAMED:
            continue
        most = lower_bound(hit, named, people)
        if most < target_precision:
            break
        chosen = Threshold(value, precision=float(hit[named].mean()), coverage=float(named.mean()))
    if most is None:
        raise RunError(
            f"fewer than {MIN_NAMED} faces were found on the photos, too few to choose a threshold by; name "
            "more photos, or leave out --photos"
        )
    if chosen is None:
        raise _out_of_reach("of the moods named on the photos surely right", target_precision, most)
    return chosen


def _out_of_reach(of_what: str, target_precision: float, most: float) -> RunError:
    """The error where no threshold reaches a precision; `most` is what can be reached, rounded down."""
    percent = math.floor(100 * most)
    return RunError(
        f"no threshold makes {100 * target_precision:.0f} % {of_what}, at most {percent} %; "
        "train the network further, or ask for less with --right"
    )


def lower_bound(hit: NDArray[np.bool_], named: NDArray[np.bool_], people: NDArray[np.int64]) -> float:
    """Return the precision that nine of ten bootstrap samples of people reach; the arrays are (n,)."""
    count = int(people.max()) + 1
    right = np.bincount(people, hit & named, minlength=count)
    all_named = np.bincount(people, named, minlength=count)
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return float(np.percentile((drawn @ right) / np.maximum(drawn @ all_named, 1), 10))


def choose_temperature(truth: NDArray[np.floating[Any]], probabilities: NDArray[np.float32]) -> float:
    """Choose what to divide the logits by so that the probabilities are as spread as what people say.

    It minimizes the cross-entropy, in steps of .01 (temperature scaling, Guo et al. 2017, with the votes of
    ten people in place of one label).

    Args:
        truth: (n, k): the share of each mood in the votes on a face, or 1 for its label; a row of zeros
            counts nothing.
        probabilities: float32, (n, k), at temperature 1.

    Returns:
        From 0.3 to 3.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-9))

    def cross_entropy(temperature: float) -> float:
        scaled = logits / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        log_probabilities = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return -float((truth * log_probabilities).sum())

    return min((step / 100 for step in range(30, 301)), key=cross_entropy)
