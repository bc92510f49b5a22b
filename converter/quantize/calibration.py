"""What is chosen after training, from the predictions for PublicTest: temperature and threshold.

The third choice, the crop margin, comes from `converter.data.crop_calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converter.errors import RunError


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
    for value in (step / 100 for step in range(101)):
        named = confidence >= value
        if named.any() and hit[named].mean() >= target_precision:
            return Threshold(value, precision=float(hit[named].mean()), coverage=float(named.mean()))
    raise RunError(
        f"no threshold makes {target_precision:.0%} of the named moods right; ask for less with --right"
    )


def choose_temperature(truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float:
    """Choose what to divide the logits by so that a probability is the frequency of being right.

    It minimizes the negative log likelihood of `truth`, in steps of .01 (temperature scaling, Guo et al.
    2017).

    Args:
        truth: int64, (n,): indices of the true moods.
        probabilities: float32, (n, k), at temperature 1.

    Returns:
        From 0.3 to 3.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-9))

    def negative_log_likelihood(temperature: float) -> float:
        scaled = logits / temperature
        scaled -= scaled.max(axis=1, keepdims=True)
        of_truth = scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(axis=1))
        return -float(of_truth.mean())

    return min((step / 100 for step in range(30, 301)), key=negative_log_likelihood)
