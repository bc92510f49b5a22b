"""Ridge regression on features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.library.audio.affect import MAX_DEVIATION, Regression, Scale

Values = NDArray[np.float64]

MIN_DEVIATION = 1e-4  # of a feature that is the same in all sounds


@dataclass(frozen=True)
class Fit:
    """Weights for standardized features; `middle` is the answer for a sound with the mean of each."""

    means: Values
    deviations: Values
    weights: Values
    middle: float

    def predict(self, features: Values) -> Values:
        """Return the answers for features of shape (n, k)."""
        scaled = np.clip((features - self.means) / self.deviations, -MAX_DEVIATION, MAX_DEVIATION)
        return np.asarray(scaled @ self.weights + self.middle)


def standardized(features: Values, shares: Values) -> Values:
    """Return the features in standard deviations from their means, limited as the box limits them."""
    means, deviations = _means_and_deviations(features, shares)
    return np.clip((features - means) / deviations, -MAX_DEVIATION, MAX_DEVIATION)


def _means_and_deviations(features: Values, shares: Values) -> tuple[Values, Values]:
    means = np.average(features, axis=0, weights=shares)
    deviations = np.sqrt(np.average(np.square(features - means), axis=0, weights=shares))
    return np.asarray(means), np.maximum(deviations, MIN_DEVIATION)


def fit_ridge(features: Values, answers: Values, shares: Values, penalty: float) -> Fit:
    """Fit a ridge regression (Hoerl & Kennard 1970).

    Args:
        features: shape (n, k).
        answers: shape (n,).
        shares: shape (n,), how much each row counts.
        penalty: on the squares of the weights of standardized features, in rows that count 1.
    """
    means, deviations = _means_and_deviations(features, shares)
    scaled = standardized(features, shares)
    middle = float(np.average(answers, weights=shares))
    gram = scaled.T @ (scaled * shares[:, None]) + penalty * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, scaled.T @ (shares * (answers - middle)))
    return Fit(means, deviations, weights, middle)


def as_regression(fit: Fit, names: Sequence[str], confidence: float) -> Regression:
    """Return the fit as the box's model has it."""
    return Regression(
        weights={name: round(float(weight), 5) for name, weight in zip(names, fit.weights, strict=True)},
        middle=round(fit.middle, 5),
        confidence=round(confidence, 3),
    )


def as_scales(fit: Fit, names: Sequence[str], log_offsets: Mapping[str, float]) -> dict[str, Scale]:
    """Return how the box scales the features for this fit."""
    return {
        name: Scale(round(float(mean), 5), round(float(deviation), 5), log_offsets.get(name))
        for name, mean, deviation in zip(names, fit.means, fit.deviations, strict=True)
    }
