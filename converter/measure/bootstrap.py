"""Standard errors by bootstrap: every figure is computed again for random samples of the faces or people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 1

Weights = NDArray[np.float64]
"""How often each face occurs in a sample, (n,)."""

Statistic = Callable[[Weights], Mapping[str, float]]


@dataclass(frozen=True)
class Estimate:
    """A figure and its standard error."""

    value: float
    error: float

    def as_dict(self) -> dict[str, float]:
        """Return both under the keys of the commands' JSON."""
        return asdict(self)

    def percent(self) -> str:
        """Format a share as a percentage."""
        return f"{100 * self.value:.1f} ± {100 * self.error:.1f} %"

    def share(self) -> str:
        """Format it as a number with three digits after the point."""
        return f"{self.value:.3f} ± {self.error:.3f}"


def estimate(
    statistic: Statistic, groups: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Estimate]:
    """Compute figures and their standard errors.

    Args:
        statistic: computes the figures for faces with weights. A figure may be NaN for a sample in which what
            it is about does not occur; that sample is left out for it.
        groups: int64, (n,): the group of each face, numbered from 0. Faces of one group, such as the photos
            of one person, are drawn together, because they are not independent of each other.
        resamples: how many samples to draw.
        seed: of all randomness.
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    values = statistic(np.ones(len(groups)))
    if count == 0:
        return {name: Estimate(value, 0.0) for name, value in values.items()}
    generator = np.random.default_rng(seed)
    evenly = np.full(count, 1 / count)
    drawn = [
        statistic(generator.multinomial(count, evenly)[groups].astype(np.float64)) for _ in range(resamples)
    ]
    return {
        name: Estimate(value, _deviation([sample[name] for sample in drawn]))
        for name, value in values.items()
    }


def _deviation(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.std(known)) if known else 0.0
