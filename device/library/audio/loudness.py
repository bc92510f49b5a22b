"""Loudness by ITU-R BS.1770, and how much it changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.library.audio.features import SILENCE_LUFS
from device.library.audio.spectra import decibels, moving_means

# The two filters of ITU-R BS.1770's K-weighting, at 48 kHz.
SHELF_FILTER = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
HIGH_PASS_FILTER = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
LOUDNESS_OFFSET_DB = -0.691  # BS.1770's correction for the gain of its filters at 997 Hz
LOUDNESS_BLOCK_S = 0.4  # length of BS.1770's blocks
RELATIVE_GATE_DB = -10.0  # nor do blocks that are this far below the mean of the others
DYNAMIC_RANGE_DB = 50.0  # levels further below the loudest one are raised to this limit


def k_weighting(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power gain of BS.1770's K-weighting at each frequency."""
    z = np.exp(-2j * np.pi * np.minimum(frequencies, 24_000) / 48_000)
    gain = np.ones(len(z), np.complex128)
    for above, below in (SHELF_FILTER, HIGH_PASS_FILTER):
        gain *= np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    power_gain: NDArray[np.float64] = np.square(np.abs(gain))
    return power_gain


def loudness_of(power: NDArray[np.float64], seconds: float) -> float:
    """Compute the BS.1770-4 loudness of one channel played by two speakers; blocks do not overlap."""
    size = max(1, round(LOUDNESS_BLOCK_S / seconds))
    blocks = power[: len(power) // size * size].reshape(-1, size).mean(1) if len(power) >= size else power
    with np.errstate(divide="ignore"):
        levels = LOUDNESS_OFFSET_DB + 10 * np.log10(2 * blocks)
    loud = levels > SILENCE_LUFS
    if not loud.any():
        return SILENCE_LUFS
    loud &= levels > LOUDNESS_OFFSET_DB + 10 * np.log10(2 * blocks[loud].mean()) + RELATIVE_GATE_DB
    return float(LOUDNESS_OFFSET_DB + 10 * np.log10(2 * blocks[loud].mean()))


def envelope(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level of each frame in dB, relative to the loudest one."""
    magnitude = np.sqrt(power)
    return decibels(magnitude, float(magnitude.max()), DYNAMIC_RANGE_DB)


def dynamics(levels: NDArray[np.float64], seconds: float) -> float:
    """Return the standard deviation of the level from second to second, in dB."""
    length = max(1, int(1 / seconds))
    return float(moving_means(levels[:, None], length)[::length, 0].std())


def attack_and_decay(levels: NDArray[np.float64], seconds: float) -> tuple[float, float]:
    """Return how fast the level rises at onsets, and how fast it falls between them, in dB per second.

    The rise is the 95th percentile of the changes, the fall their median where the level falls. Notes that
    are struck or plucked rise and fall fast; bowed and sung ones do not (articulation: Gabrielsson &
    Lindström 2010).
    """
    changes = np.diff(levels) / seconds
    if not changes.size:
        return 0.0, 0.0
    return float(np.percentile(changes, 95)), float(np.median(np.minimum(changes, 0)))
