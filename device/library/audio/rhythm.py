"""Onsets, tempo and pulse, from the spectral flux over bands that are equally wide for the ear."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.library.audio.spectra import Samples, decibels, neighborhoods

MEL_BANDS = 36  # for onsets, equally wide on the mel scale, from MIN_FREQUENCY_HZ to MAX_FREQUENCY_HZ
MIN_FREQUENCY_HZ = 60.0
MAX_FREQUENCY_HZ = 5_000.0  # the worker leaves out what lies above
DYNAMIC_RANGE_DB = 50.0  # levels further below the loudest one are raised to this limit
ONSET_THRESHOLD_DB = 0.7  # mean rise over all bands that counts as an onset
MIN_ONSET_INTERVAL_S = 0.06
MIN_TEMPO_BPM, MAX_TEMPO_BPM = 40.0, 220.0
MAX_FLUX_VARIATION = 20.0
# The tempo that people tap to most often, and the spread around it (Ellis 2007).
PREFERRED_TEMPO_BPM, TEMPO_SPREAD_OCTAVES = 120.0, 1.0
ONSETS_PER_BEAT = 2.0  # decides between a tempo, its half and its double


def mel_bands(frequencies: NDArray[np.float64]) -> Samples:
    """Assign the frequencies to bands on the mel scale (O'Shaughnessy 1987), as a 0/1 matrix."""
    edges = np.linspace(_mel(MIN_FREQUENCY_HZ), _mel(MAX_FREQUENCY_HZ), MEL_BANDS + 1)
    band = np.digitize(_mel(frequencies), edges) - 1
    return np.asarray(band[:, None] == np.arange(MEL_BANDS), np.float32)


def _mel(frequency: Any) -> Any:
    return 2595 * np.log10(1 + frequency / 700)


def spectral_flux(levels: Samples) -> NDArray[np.float64]:
    """Return the spectral flux (Dixon 2006): the mean rise of the bands from frame to frame, in dB."""
    used = levels[:, levels.max(0) > 0]
    if not used.size:
        return np.zeros(len(levels))
    rising = decibels(used, float(used.max()), DYNAMIC_RANGE_DB)
    increase = np.maximum(0, np.diff(rising, axis=0, prepend=rising[:1])).mean(1)
    return np.asarray(increase, np.float64)


def onset_rate(flux: NDArray[np.float64], seconds: float) -> float:
    """Count the onsets per second: local maxima of the flux that exceed the mean around them."""
    reach = max(1, round(MIN_ONSET_INTERVAL_S / seconds))
    peaks = (flux >= neighborhoods(flux, reach).max(1)) & (
        flux >= neighborhoods(flux, 4 * reach).mean(1) + ONSET_THRESHOLD_DB
    )
    return float(peaks.sum() / (len(flux) * seconds))


def tempo_and_pulse(flux: NDArray[np.float64], onsets: float, seconds: float) -> tuple[float, float]:
    """Return tempo and pulse from the autocorrelation, weighted by the tempos that people tap to.

    Source: Ellis 2007, "Beat tracking by dynamic programming". Its usual error is half or double the tempo.
    Of these, the one counts that fits the onsets per second best: music with more of them is felt as faster
    (Madison & Paulin 2010).
    """
    if not (flux >= ONSET_THRESHOLD_DB).any():
        return PREFERRED_TEMPO_BPM, 0.0  # without onsets there is no beat
    centered = flux - flux.mean()
    spectrum = np.fft.rfft(centered, 2 * len(centered))
    autocorrelation = np.fft.irfft(np.square(np.abs(spectrum)))[: len(centered)]
    first, last = int(60 / MAX_TEMPO_BPM / seconds), int(60 / MIN_TEMPO_BPM / seconds) + 1
    if autocorrelation[0] <= 0 or len(autocorrelation) <= last:
        return PREFERRED_TEMPO_BPM, 0.0
    lags = np.arange(first, last)
    autocorrelation = autocorrelation[first:last] / autocorrelation[0]
    weight = np.exp(
        -0.5 * np.square(np.log2(60 / (lags * seconds) / PREFERRED_TEMPO_BPM) / TEMPO_SPREAD_OCTAVES)
    )
    best = int(np.argmax(autocorrelation * weight))
    tempo = 60 / (lags[best] * seconds)
    octaves = [each for each in (tempo / 2, tempo, tempo * 2) if MIN_TEMPO_BPM <= each <= MAX_TEMPO_BPM]
    by_onsets = 60 * max(onsets, 0.1) / ONSETS_PER_BEAT
    solved = min(octaves or [tempo], key=lambda each: abs(np.log2(each / by_onsets)))
    return float(solved), float(np.clip(autocorrelation[best], 0, 1))


def flux_variation(flux: NDArray[np.float64]) -> float:
    """Return the standard deviation of the flux by its mean: high if silence lies between the onsets."""
    mean = float(flux.mean())
    return float(min(flux.std() / mean, MAX_FLUX_VARIATION)) if mean > 0 else 0.0
