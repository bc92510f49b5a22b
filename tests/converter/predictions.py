"""Probabilities as a model of three moods gives them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def probabilities_of(
    predicted: NDArray[np.int64], confidence: float | NDArray[np.float64] = 0.8
) -> NDArray[np.float32]:
    """Return probabilities, (n, 3), whose highest is `confidence` for the predicted mood, an index, (n,)."""
    rest = (1 - np.broadcast_to(confidence, predicted.shape)) / 2
    probabilities = np.repeat(rest[:, np.newaxis], 3, axis=1)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities.astype(np.float32)
