"""Short-time spectra of a sound, and windows that move over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

TINY = 1e-30  # a magnitude that is as good as none
SPECTRA_PER_CHUNK = 128  # computed at once, so that a longer song takes no more memory


def power_of_two(length: float) -> int:
    """Return the power of two nearest to a length in samples, on a log scale; at least 64."""
    return int(2 ** max(6, round(np.log2(length))))


def spectra_of(samples: Samples, size: int, hop: int) -> Iterator[Samples]:
    """Yield magnitude spectra, one row per frame, SPECTRA_PER_CHUNK rows at a time; at least one row."""
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    window = np.hanning(size).astype(np.float32)
    for start in range(0, len(frames), SPECTRA_PER_CHUNK):
        yield np.abs(np.fft.rfft(frames[start : start + SPECTRA_PER_CHUNK] * window)).astype(np.float32)


def neighborhoods(values: NDArray[Any], reach: int) -> NDArray[Any]:
    """Return one row per frame: the values of the frames within reach of it, and zeros beyond the ends."""
    rows = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach), 2 * reach + 1)
    return np.asarray(rows)


def moving_means(rows: NDArray[Any], length: int) -> NDArray[np.float64]:
    """Return the mean of each `length` consecutive rows; of all rows if there are fewer."""
    length = max(1, min(length, len(rows)))
    sums = np.cumsum(np.vstack([np.zeros((1, rows.shape[1])), rows]), axis=0, dtype=np.float64)
    means: NDArray[np.float64] = (sums[length:] - sums[:-length]) / length
    return means


def decibels(values: NDArray[Any], reference: float, dynamic_range: float) -> NDArray[np.float64]:
    """Return levels relative to a reference; those below the dynamic range are raised to its lower end."""
    floor = 10 ** (-dynamic_range / 20)
    if reference <= TINY:
        return np.full(values.shape, -dynamic_range)
    return np.asarray(20 * np.log10(np.maximum(values / np.float64(reference), floor)))
