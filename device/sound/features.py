"""What can be measured in a piece of music: loudness, brightness, onsets, tempo, major or minor.

Pure functions over samples, with numpy. Each measure is the field's own, in its plainest form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

Samples = NDArray[np.float32]

WINDOW = 0.046  # seconds that one spectrum looks at, about; half of it is new
CHUNK = 128  # spectra that are reckoned at once: so it takes no more memory for more seconds
TOP = 10_000.0  # Hz; above it lies what a lossy file has left out
BRIGHT = 1500.0  # Hz: Juslin's limit for brightness, and MIRtoolbox's
BANDS = 36  # for onsets, evenly wide to the ear, from LOWEST to TOP
LOWEST = 60.0  # Hz
FLOOR = 50.0  # dB under a band's loudest moment: what is softer is not there
RISE = 0.7  # dB by which the bands have to rise in an onset, on the mean of all
APART = 0.06  # seconds that lie between two onsets at least
SLOWEST, FASTEST = 40.0, 220.0  # beats a minute
COMMON, OCTAVES = 120.0, 1.0  # the tempo that people tap to most, and how far around it (Ellis 2007)
NOTES = (65.0, 2100.0)  # Hz: where the notes are that tell the key, C2 to C7
PITCH_WINDOW = 0.19  # seconds: long enough to tell two neighbouring notes at C3 apart
# Krumhansl & Kessler 1982: how well each note of the scale fits into a major and into a minor key.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
# ITU-R BS.1770's two filters for 48 kHz: the head's shelf, and what the ear leaves out below.
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
OFFSET = -0.691  # dB, with which BS.1770 makes up for what its filters add to a tone of 997 Hz
BLOCK = 0.4  # seconds of BS.1770's blocks
SILENCE = -70.0  # LUFS; a block that is softer does not count, nor one of 10 under the mean of the others
LOUDEST = 4.0  # 12 dB above full scale: a lossy file may go a little above 1, what is beyond this is no sound


@dataclass(frozen=True)
class Features:
    """loudness: in LUFS. brightness: the share of the spectrum above BRIGHT.

    onsets: notes and beats a second. tempo: beats a minute; pulse: how clearly it is felt, 0 to 1. mode: from
    -1 (minor) to 1 (major). Nothing that `features_of` measures is outside these ranges.
    """

    loudness: Annotated[float, Meta(ge=SILENCE, le=100)]
    brightness: Annotated[float, Meta(ge=0, le=1)]
    onsets: Annotated[float, Meta(ge=0, le=1000)]
    tempo: Annotated[float, Meta(ge=1, le=1000)]
    pulse: Annotated[float, Meta(ge=0, le=1)]
    mode: Annotated[float, Meta(ge=-1, le=1)]


def audible(samples: Samples) -> Samples:
    """The samples, clipped to LOUDEST: a sum of larger ones would leave the range of a float32.

    Raises ValueError if one of them is infinite or not a number.
    """
    if not np.isfinite(samples).all():
        raise ValueError("its samples are not all numbers")
    return np.clip(samples, -LOUDEST, LOUDEST)


def features_of(samples: Samples, rate: int) -> Features:
    """samples: one channel; full scale is from -1 to 1. Silence has SILENCE as its loudness.

    Raises ValueError if one of them is infinite or not a number.
    """
    samples = audible(samples)
    size = _power_of_two(WINDOW * rate)
    seconds = size // 2 / rate
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    ear = _ear(frequencies) * 2 / np.square(np.hanning(size)).sum() / size
    bands = _bands(frequencies)
    heard = (frequencies >= LOWEST) & (frequencies <= TOP)
    bright = heard & (frequencies >= BRIGHT)
    power, levels, above, all_of_it = [], [], 0.0, 0.0
    for spectra in _spectra(samples, size, size // 2):
        power.append(np.square(spectra) @ ear)
        levels.append(spectra @ bands)
        above += float(spectra[:, bright].sum())
        all_of_it += float(spectra[:, heard].sum())
    rise = _rise(np.concatenate(levels))
    tempo, pulse = _tempo(rise, seconds)
    return Features(
        loudness=_loudness(np.concatenate(power), seconds),
        brightness=min(1.0, above / all_of_it) if all_of_it else 0.0,
        onsets=_onsets(rise, seconds),
        tempo=tempo,
        pulse=pulse,
        mode=_mode(_chroma(samples, rate)),
    )


def _power_of_two(length: float) -> int:
    return int(2 ** max(6, round(np.log2(length))))


def _spectra(samples: Samples, size: int, hop: int) -> Iterator[Samples]:
    """Magnitudes, a row for each moment, CHUNK rows at a time; at least one row."""
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    window = np.hanning(size).astype(np.float32)
    for start in range(0, len(frames), CHUNK):
        yield np.abs(np.fft.rfft(frames[start : start + CHUNK] * window)).astype(np.float32)


def _ear(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """What BS.1770's filters leave of each frequency's power."""
    z = np.exp(-2j * np.pi * np.minimum(frequencies, 24_000) / 48_000)
    gain = np.ones(len(z), np.complex128)
    for above, below in (SHELF, HIGH_PASS):
        gain *= np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
    kept: NDArray[np.float64] = np.square(np.abs(gain))
    return kept


def _loudness(power: NDArray[np.float64], seconds: float) -> float:
    """BS.1770-4, with blocks that do not overlap, of one channel as it comes from two speakers."""
    size = max(1, round(BLOCK / seconds))
    blocks = power[: len(power) // size * size].reshape(-1, size).mean(1) if len(power) >= size else power
    with np.errstate(divide="ignore"):
        levels = OFFSET + 10 * np.log10(2 * blocks)
    loud = levels > SILENCE
    if not loud.any():
        return SILENCE
    loud &= levels > OFFSET + 10 * np.log10(2 * blocks[loud].mean()) - 10
    return float(OFFSET + 10 * np.log10(2 * blocks[loud].mean()))


def _bands(frequencies: NDArray[np.float64]) -> Samples:
    """Which of the frequencies are in which band, on the mel scale (O'Shaughnessy 1987)."""
    edges = np.linspace(_mel(LOWEST), _mel(TOP), BANDS + 1)
    band = np.digitize(_mel(frequencies), edges) - 1
    return np.asarray(band[:, None] == np.arange(BANDS), np.float32)


def _mel(frequency: Any) -> Any:
    return 2595 * np.log10(1 + frequency / 700)


def _rise(levels: Samples) -> NDArray[np.float64]:
    """Spectral flux: by how many dB the bands rise from moment to moment, on the mean (Dixon 2006)."""
    used = levels[:, levels.max(0) > 0]
    if not used.size:
        return np.zeros(len(levels))
    loudest = used.max()
    decibels = 20 * np.log10(np.maximum(used / loudest, 10 ** (-FLOOR / 20)))
    risen = np.maximum(0, np.diff(decibels, axis=0, prepend=decibels[:1])).mean(1)
    return np.asarray(risen, np.float64)


def _onsets(rise: NDArray[np.float64], seconds: float) -> float:
    """How many a second: moments that rise more than those around them, and enough to be heard."""
    reach = max(1, round(APART / seconds))
    peaks = (rise >= _around(rise, reach).max(1)) & (rise >= _around(rise, 4 * reach).mean(1) + RISE)
    return float(peaks.sum() / (len(rise) * seconds))


def _around(rise: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """A row for each moment: those within reach of it."""
    rows = np.lib.stride_tricks.sliding_window_view(np.pad(rise, reach), 2 * reach + 1)
    return np.asarray(rows)


def _tempo(rise: NDArray[np.float64], seconds: float) -> tuple[float, float]:
    """By autocorrelation, weighed by how people tap: Ellis 2007, "Beat tracking by dynamic programming"."""
    if not (rise >= RISE).any():
        return COMMON, 0.0  # nothing begins, so nothing beats
    wave = rise - rise.mean()
    spectrum = np.fft.rfft(wave, 2 * len(wave))
    likeness = np.fft.irfft(np.square(np.abs(spectrum)))[: len(wave)]
    first, last = int(60 / FASTEST / seconds), int(60 / SLOWEST / seconds) + 1
    if likeness[0] <= 0 or len(likeness) <= last:
        return COMMON, 0.0
    lags = np.arange(first, last)
    likeness = likeness[first:last] / likeness[0]
    weight = np.exp(-0.5 * np.square(np.log2(60 / (lags * seconds) / COMMON) / OCTAVES))
    best = int(np.argmax(likeness * weight))
    return float(60 / (lags[best] * seconds)), float(np.clip(likeness[best], 0, 1))


def _chroma(samples: Samples, rate: int) -> NDArray[np.float64]:
    """How much of each of the twelve notes there is, from C on; each moment counts the same."""
    size = _power_of_two(PITCH_WINDOW * rate)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    low, high = NOTES
    used = (frequencies >= low) & (frequencies <= high)
    note = np.round(12 * np.log2(frequencies[used] / 440) + 69).astype(int) % 12
    notes = (note[:, None] == np.arange(12)).astype(np.float64)
    found = np.zeros(12)
    for spectra in _spectra(samples, size, size // 2):
        spectrum = spectra[:, used].astype(np.float64)
        # Only peaks are notes: between them lie drums, and what leaks out of the peaks.
        inner = spectrum[:, 1:-1]
        spectrum[:, 1:-1] = np.where((inner > spectrum[:, :-2]) & (inner > spectrum[:, 2:]), inner, 0)
        chroma = spectrum @ notes
        total = chroma.sum(1, keepdims=True)
        found += np.divide(chroma, total, out=np.zeros_like(chroma), where=total > 0).sum(0)
    return found


def _mode(chroma: NDArray[np.float64]) -> float:
    """By how much the best major key fits better than the best minor one (Krumhansl 1990)."""
    if chroma.std() == 0:
        return 0.0
    fits = [
        max(float(np.corrcoef(np.roll(key, tonic), chroma)[0, 1]) for tonic in range(12))
        for key in (MAJOR, MINOR)
    ]
    return float(np.clip(fits[0] - fits[1], -1, 1))
