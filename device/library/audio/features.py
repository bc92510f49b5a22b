"""Measures features of music: loudness, brightness, onset rate, tempo and its pulse, major or minor mode.

Pure functions over samples, with numpy. Each feature follows its published definition in the simplest form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

Samples = NDArray[np.float32]

WINDOW_S = 0.046  # about the length of one spectrum; consecutive spectra overlap by half of it
SPECTRA_PER_CHUNK = 128  # computed at once, so that a longer song takes no more memory
MAX_FREQUENCY_HZ = 10_000.0  # lossy formats leave out what lies above
BRIGHTNESS_CUTOFF_HZ = 1500.0  # Juslin's limit for brightness, and MIRtoolbox's
MEL_BANDS = 36  # for onsets, equally wide on the mel scale, from MIN_FREQUENCY_HZ to MAX_FREQUENCY_HZ
MIN_FREQUENCY_HZ = 60.0
DYNAMIC_RANGE_DB = 50.0  # levels further below the loudest one are raised to this limit
ONSET_THRESHOLD_DB = 0.7  # mean rise over all bands that counts as an onset
MIN_ONSET_INTERVAL_S = 0.06
MIN_TEMPO_BPM, MAX_TEMPO_BPM = 40.0, 220.0
# The tempo that people tap to most often, and the spread around it (Ellis 2007).
PREFERRED_TEMPO_BPM, TEMPO_SPREAD_OCTAVES = 120.0, 1.0
PITCH_RANGE_HZ = (65.0, 2100.0)  # the notes from C2 to C7, which determine the key
PITCH_WINDOW_S = 0.19  # long enough to separate two neighbouring notes at C3
# How well each note of the scale fits into a major and into a minor key: Krumhansl & Kessler 1982.
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
# The two filters of ITU-R BS.1770's K-weighting, at 48 kHz.
SHELF_FILTER = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
HIGH_PASS_FILTER = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
LOUDNESS_OFFSET_DB = -0.691  # BS.1770's correction for the gain of its filters at 997 Hz
LOUDNESS_BLOCK_S = 0.4  # length of BS.1770's blocks
SILENCE_LUFS = -70.0  # BS.1770's absolute gate: softer blocks do not count
RELATIVE_GATE_DB = -10.0  # nor do blocks that are this far below the mean of the others
MAX_AMPLITUDE = 4.0  # 12 dB above full scale: lossy files go a little above 1, but not that far


@dataclass(frozen=True)
class Features:
    """What is measured in a song; `extract_features` never leaves these ranges.

    Attributes:
        loudness: integrated loudness in LUFS.
        brightness: share of the spectrum above BRIGHTNESS_CUTOFF_HZ.
        onsets: notes and beats per second.
        tempo: beats per minute.
        pulse: how clearly the tempo is felt, from 0 to 1.
        mode: from -1 (minor) to 1 (major).
    """

    loudness: Annotated[float, Meta(ge=SILENCE_LUFS, le=100)]
    brightness: Annotated[float, Meta(ge=0, le=1)]
    onsets: Annotated[float, Meta(ge=0, le=1000)]
    tempo: Annotated[float, Meta(ge=1, le=1000)]
    pulse: Annotated[float, Meta(ge=0, le=1)]
    mode: Annotated[float, Meta(ge=-1, le=1)]


def clipped(samples: Samples) -> Samples:
    """Return the samples clipped to MAX_AMPLITUDE: sums of larger ones would overflow a float32.

    Raises:
        ValueError: one of the samples is infinite or not a number.
    """
    if not np.isfinite(samples).all():
        raise ValueError("its samples are not all numbers")
    return np.clip(samples, -MAX_AMPLITUDE, MAX_AMPLITUDE)


def extract_features(samples: Samples, rate: int) -> Features:
    """Measure the features of one channel of sound.

    Args:
        samples: shape (n,), full scale from -1 to 1. Silence gets the loudness SILENCE_LUFS.
        rate: in Hz.

    Raises:
        ValueError: one of the samples is infinite or not a number.
    """
    samples = clipped(samples)
    size = _power_of_two(WINDOW_S * rate)
    seconds = size // 2 / rate
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    k_weighting = _k_weighting(frequencies) * 2 / np.square(np.hanning(size)).sum() / size
    bands = _bands(frequencies)
    analyzed = (frequencies >= MIN_FREQUENCY_HZ) & (frequencies <= MAX_FREQUENCY_HZ)
    bright = analyzed & (frequencies >= BRIGHTNESS_CUTOFF_HZ)
    power, levels, above, total = [], [], 0.0, 0.0
    for spectra in _spectra(samples, size, size // 2):
        power.append(np.square(spectra) @ k_weighting)
        levels.append(spectra @ bands)
        above += float(spectra[:, bright].sum())
        total += float(spectra[:, analyzed].sum())
    flux = _spectral_flux(np.concatenate(levels))
    tempo, pulse = _tempo(flux, seconds)
    return Features(
        loudness=_loudness(np.concatenate(power), seconds),
        brightness=min(1.0, above / total) if total else 0.0,
        onsets=_onsets(flux, seconds),
        tempo=tempo,
        pulse=pulse,
        mode=_mode(_chroma(samples, rate)),
    )


def _power_of_two(length: float) -> int:
    return int(2 ** max(6, round(np.log2(length))))


def _spectra(samples: Samples, size: int, hop: int) -> Iterator[Samples]:
    """Yield magnitude spectra, one row per frame, SPECTRA_PER_CHUNK rows at a time; at least one row."""
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    window = np.hanning(size).astype(np.float32)
    for start in range(0, len(frames), SPECTRA_PER_CHUNK):
        yield np.abs(np.fft.rfft(frames[start : start + SPECTRA_PER_CHUNK] * window)).astype(np.float32)


def _k_weighting(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power gain of BS.1770's K-weighting at each frequency."""
    z = np.exp(-2j * np.pi * np.minimum(frequencies, 24_000) / 48_000)
    gain = np.ones(len(z), np.complex128)
    for above, below in (SHELF_FILTER, HIGH_PASS_FILTER):
        gain *= np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    power_gain: NDArray[np.float64] = np.square(np.abs(gain))
    return power_gain


def _loudness(power: NDArray[np.float64], seconds: float) -> float:
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


def _bands(frequencies: NDArray[np.float64]) -> Samples:
    """Assign the frequencies to bands on the mel scale (O'Shaughnessy 1987), as a 0/1 matrix."""
    edges = np.linspace(_mel(MIN_FREQUENCY_HZ), _mel(MAX_FREQUENCY_HZ), MEL_BANDS + 1)
    band = np.digitize(_mel(frequencies), edges) - 1
    return np.asarray(band[:, None] == np.arange(MEL_BANDS), np.float32)


def _mel(frequency: Any) -> Any:
    return 2595 * np.log10(1 + frequency / 700)


def _spectral_flux(levels: Samples) -> NDArray[np.float64]:
    """Return the spectral flux (Dixon 2006): the mean rise of the bands from frame to frame, in dB."""
    used = levels[:, levels.max(0) > 0]
    if not used.size:
        return np.zeros(len(levels))
    loudest = used.max()
    decibels = 20 * np.log10(np.maximum(used / loudest, 10 ** (-DYNAMIC_RANGE_DB / 20)))
    increase = np.maximum(0, np.diff(decibels, axis=0, prepend=decibels[:1])).mean(1)
    return np.asarray(increase, np.float64)


def _onsets(flux: NDArray[np.float64], seconds: float) -> float:
    """Count the onsets per second: local maxima of the flux that exceed the mean around them."""
    reach = max(1, round(MIN_ONSET_INTERVAL_S / seconds))
    peaks = (flux >= _neighborhoods(flux, reach).max(1)) & (
        flux >= _neighborhoods(flux, 4 * reach).mean(1) + ONSET_THRESHOLD_DB
    )
    return float(peaks.sum() / (len(flux) * seconds))


def _neighborhoods(flux: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return one row per frame: the flux of the frames within reach of it."""
    rows = np.lib.stride_tricks.sliding_window_view(np.pad(flux, reach), 2 * reach + 1)
    return np.asarray(rows)


def _tempo(flux: NDArray[np.float64], seconds: float) -> tuple[float, float]:
    """Return tempo and pulse from the autocorrelation, weighted by the tempos that people tap to.

    Source: Ellis 2007, "Beat tracking by dynamic programming".
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
    return float(60 / (lags[best] * seconds)), float(np.clip(autocorrelation[best], 0, 1))


def _chroma(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Return the strength of each of the twelve notes from C on; each frame has the same weight."""
    size = _power_of_two(PITCH_WINDOW_S * rate)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    low, high = PITCH_RANGE_HZ
    used = (frequencies >= low) & (frequencies <= high)
    note = np.round(12 * np.log2(frequencies[used] / 440) + 69).astype(int) % 12
    notes = (note[:, None] == np.arange(12)).astype(np.float64)
    found = np.zeros(12)
    for spectra in _spectra(samples, size, size // 2):
        spectrum = spectra[:, used].astype(np.float64)
        # Only peaks are notes; between them lie drums and the leakage of the window.
        inner = spectrum[:, 1:-1]
        spectrum[:, 1:-1] = np.where((inner > spectrum[:, :-2]) & (inner > spectrum[:, 2:]), inner, 0)
        chroma = spectrum @ notes
        total = chroma.sum(1, keepdims=True)
        found += np.divide(chroma, total, out=np.zeros_like(chroma), where=total > 0).sum(0)
    return found


def _mode(chroma: NDArray[np.float64]) -> float:
    """Return by how much the best major key fits better than the best minor key (Krumhansl 1990)."""
    if chroma.std() == 0:
        return 0.0
    fits = [
        max(float(np.corrcoef(np.roll(key, tonic), chroma)[0, 1]) for tonic in range(12))
        for key in (MAJOR_PROFILE, MINOR_PROFILE)
    ]
    return float(np.clip(fits[0] - fits[1], -1, 1))
