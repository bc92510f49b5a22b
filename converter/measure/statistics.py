"""Figures that describe answers: how many are right, and what their probabilities are worth.

Each takes weights, float64 (n,): how often each face counts. A bootstrap computes them for random weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from converter.measure.bootstrap import Weights

Floats = NDArray[np.float32] | NDArray[np.float64]

PRECISIONS = (0.85, 0.90, 0.95)
BINS = 15  # of equal width, as in Guo et al. 2017
# A quantized output of 0 means "less than half a step of 1/256".
LEAST_PROBABILITY = 1 / 512


def mean(values: NDArray[np.generic], weights: Weights) -> float:
    """Return the weighted mean; 0 if all weights are 0."""
    total = weights.sum()
    return float(np.dot(values.astype(np.float64), weights) / total) if total else 0.0


def recalls(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], weights: Weights, classes: int
) -> list[float]:
    """Return the share of each class that was predicted; NaN for a class that does not occur.

    Args:
        truth: int64, (n,), 0 to `classes` - 1.
        predicted: int64, (n,).
        weights: see above.
        classes: how many there are.
    """
    support = np.bincount(truth, weights, classes)
    hits = np.bincount(truth, weights * (truth == predicted), classes)
    return [float(hit / of) if of else float("nan") for hit, of in zip(hits, support, strict=True)]


def balanced_accuracy(recalls: Sequence[float]) -> float:
    """Return the mean of the recalls of the classes that occur."""
    return float(np.nanmean(recalls)) if not np.all(np.isnan(recalls)) else 0.0


def cross_entropy(shares: NDArray[np.float32], probabilities: NDArray[np.float32], weights: Weights) -> float:
    """Return how far the probabilities are from what ten people said, in nats; lower is better.

    The least possible is the entropy of the votes: `cross_entropy(shares, shares, weights)`.

    Args:
        shares: (n, k): of the votes.
        probabilities: (n, k).
        weights: see above.
    """
    logarithms = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    return mean(-(shares * logarithms).sum(axis=1), weights)


def calibration_error(confidence: Floats, right: Floats, weights: Weights) -> float:
    """Return the expected calibration error: how far a probability is from how often it is right.

    The faces are put into bins by their confidence; the error is the mean distance between the mean
    confidence and the mean of `right` in a bin.

    Args:
        confidence: (n,): of the predicted mood, 0-1.
        right: (n,), 0-1: whether it is right, or the share of the ten people who say so.
        weights: see above.
    """
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights * (confidence - right), BINS)
    total = weights.sum()
    return float(np.abs(gaps).sum() / total) if total else 0.0


def coverage(confidence: Floats, hit: NDArray[np.bool_], precision: float, weights: Weights) -> float:
    """Return the largest share of faces that a threshold names with at least this precision.

    The threshold is chosen on these same faces. So this says how well the confidence tells right answers from
    wrong ones, and not what the box reaches with the threshold in its card.

    Args:
        confidence: (n,); below 0 for a face that cannot be named, because it was not found.
        hit: (n,): whether the answer is right.
        precision: share of the named faces that have to be right.
        weights: see above.
    """
    total = weights.sum()
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    named = np.cumsum(weights[order])
    right = np.cumsum((weights * hit)[order])
    # A threshold cannot separate equal confidences.
    is_last = np.append(sorted_confidence[1:] < sorted_confidence[:-1], [True]) & (sorted_confidence >= 0)
    reaches = is_last & (named > 0) & (right >= precision * named)
    return float(named[reaches].max() / total) if reaches.any() else 0.0


def coverages(confidence: Floats, hit: NDArray[np.bool_], weights: Weights) -> dict[str, float]:
    """Return the coverage at each of PRECISIONS, by the keys of the commands' JSON."""
    return {
        f"coverage_at_{100 * precision:.0f}": coverage(confidence, hit, precision, weights)
        for precision in PRECISIONS
    }
