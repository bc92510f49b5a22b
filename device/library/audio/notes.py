"""Which notes sound when: an estimate for each semitone and frame, and what follows from it.

A note is heard as a fundamental with its overtones. Peaks of the spectrum are collected by semitone, and
explained as a sum of notes by non-negative least squares with a fixed dictionary of overtones (as chroma:
Mauch & Dixon 2010), in the Kullback-Leibler form of Lee & Seung 2001. Without this step the fifth harmonic of
every note would sound like its major third, and one instrument like many notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.audio.spectra import TINY, Samples, decibels, power_of_two, spectra_of

WINDOW_S = 0.19  # long enough to separate two neighbouring notes at C3
HOPS_PER_WINDOW = 4
LOWEST_NOTE, HIGHEST_NOTE = 28, 103  # MIDI numbers: E1 and G7
NOTES = np.arange(LOWEST_NOTE, HIGHEST_NOTE + 1)
PEAK_RANGE_HZ = (40.0, 5000.0)
PEAK_FLOOR = 1e-3  # of the highest peak of the song, 60 dB: lower ones are noise
COMPRESSION = 0.6  # the power of a magnitude that counts, so that soft notes are found beside loud ones
OVERTONES, OVERTONE_DECAY = 12, 0.85  # how many notes have, and by how much each is weaker than the one below
MIDDLE_C = 60.0
ITERATIONS, SPARSITY = 15, 1.0  # of the decomposition; a higher sparsity leaves out more of the weak notes
# A note begins where it rises that much in that time, in the upper part of the range: what is softer differs
# more from instrument to instrument than from piece to piece.
NOTE_RANGE_DB, NOTE_RISE_DB, NOTE_RISE_S = 12.0, 4.0, 0.1
SOUNDING = 0.15  # the activation above which a note is taken to sound
FLUX_WINDOW_S, FLUX_NOTES, FLUX_RANGE_DB, FLUX_RISE_S = 0.093, (40, 101), 40.0, 0.05


def _dictionary() -> Samples:
    """Return the semitones at which each note sounds: one row per note, of length 1."""
    spectrum = np.zeros((len(NOTES), len(NOTES)))
    for harmonic in range(1, OVERTONES + 1):
        above = round(12 * np.log2(harmonic))
        rows = np.arange(len(NOTES) - above)
        spectrum[rows, rows + above] += OVERTONE_DECAY ** (harmonic - 1)
    return np.asarray(spectrum / np.linalg.norm(spectrum, axis=1, keepdims=True), np.float32)


DICTIONARY = _dictionary()


def note_activations(samples: Samples, rate: int) -> tuple[Samples, float]:
    """Return how strongly each note sounds in each frame, and the seconds between two frames.

    Returns:
        Shape (frames, NOTES); 1 is the strongest note of a loud frame.
    """
    size = power_of_two(WINDOW_S * rate)
    hop = size // HOPS_PER_WINDOW
    semitones = _semitones([_peaks(chunk, rate / size) for chunk in spectra_of(samples, size, hop)])
    semitones **= np.float32(COMPRESSION)
    reference = float(np.percentile(semitones.max(1), 95))
    if reference <= TINY:
        return np.zeros_like(semitones), hop / rate
    semitones /= np.float32(reference)
    activations = np.maximum(semitones @ DICTIONARY.T, 1e-6)
    penalty = DICTIONARY.sum(1) + np.float32(SPARSITY)
    for _ in range(ITERATIONS):
        activations *= ((semitones / (activations @ DICTIONARY + 1e-6)) @ DICTIONARY.T) / penalty
    loud = float(np.percentile(activations.max(1), 90))
    return np.asarray(activations / max(loud, 1e-6), np.float32), hop / rate


class _Peaks(NamedTuple):
    """Peaks of some frames: the frame of each, its pitch as a MIDI number, and its magnitude."""

    frame: NDArray[np.int64]
    pitch: NDArray[np.float64]
    magnitude: Samples
    frames: int


def _peaks(spectra: Samples, bin_hz: float) -> _Peaks:
    low, high = (round(limit / bin_hz) for limit in PEAK_RANGE_HZ)
    low, high = max(2, low), max(2, min(spectra.shape[1] - 2, high))
    below, here, above = (spectra[:, low + shift : high + shift] for shift in (-1, 0, 1))
    floor = max(TINY, PEAK_FLOOR * float(here.max(initial=0)))
    frame, place = np.nonzero((here > below) & (here >= above) & (here > floor))
    # A parabola through the logarithms of three bins finds the peak between them (Smith & Serra 1987).
    left, middle, right = (
        np.log(side[frame, place] + np.float32(TINY), dtype=np.float64) for side in (below, here, above)
    )
    curvature = np.minimum(left - 2 * middle + right, -1e-9)
    hertz = (place + low + np.clip(0.5 * (left - right) / curvature, -0.5, 0.5)) * bin_hz
    return _Peaks(frame, 12 * np.log2(hertz / 440) + 69, here[frame, place], len(spectra))


def _semitones(chunks: Sequence[_Peaks]) -> Samples:
    """Return the highest peak in each semitone of each frame. The song's own tuning is found first."""
    starts = np.cumsum([0, *(chunk.frames for chunk in chunks)])
    frame = np.concatenate([chunk.frame + start for chunk, start in zip(chunks, starts, strict=False)])
    pitch = np.concatenate([chunk.pitch for chunk in chunks])
    magnitude = np.concatenate([chunk.magnitude for chunk in chunks])
    tuning = np.angle((magnitude * np.exp(2j * np.pi * pitch)).sum()) / (2 * np.pi)
    note = np.round(pitch - tuning).astype(int) - LOWEST_NOTE
    heard = (note >= 0) & (note < len(NOTES)) & (magnitude > PEAK_FLOOR * magnitude.max(initial=0))
    found = np.zeros((starts[-1], len(NOTES)), np.float32)
    np.maximum.at(found, (frame[heard], note[heard]), magnitude[heard])
    return found


class Register(NamedTuple):
    """Pitches as MIDI numbers: of all notes, of the lowest of each frame, and above nine tenths of them."""

    mean: float = MIDDLE_C
    low: float = MIDDLE_C
    high: float = MIDDLE_C


def register(activations: Samples) -> Register:
    """Return how high the notes are; strong notes count more.

    Pitch changes felt pleasantness and arousal (Ilie & Thompson 2006; Jaquet, Danuser & Gomez 2014).
    """
    weights = np.square(activations, dtype=np.float64).sum(0)
    if weights.sum() <= TINY:
        return Register()
    shares = weights / weights.sum()
    high = min(len(NOTES) - 1, int(np.searchsorted(np.cumsum(shares), 0.9)))
    sounding = activations > SOUNDING
    lowest = NOTES[sounding.argmax(1)[sounding.any(1)]]
    mean = float(shares @ NOTES)
    return Register(mean, float(lowest.mean()) if lowest.size else mean, float(NOTES[high]))


def note_rate(activations: Samples, seconds: float) -> float:
    """Return how many notes begin per second, those of a chord one by one.

    Arousal depends on it more than on all else that is measured here. Event density: Eerola, Lartillot &
    Toiviainen 2009.
    """
    levels = decibels(activations, float(np.percentile(activations.max(1), 95)), NOTE_RANGE_DB)
    rises = _rises(levels, NOTE_RISE_S, seconds)
    if len(rises) < 3:
        return 0.0
    middle = rises[1:-1]
    begins = (middle > rises[:-2]) & (middle >= rises[2:]) & (middle > NOTE_RISE_DB)
    return float(begins.sum() / (len(rises) * seconds))


def semitone_flux(samples: Samples, rate: int) -> float:
    """Return how much the semitones' levels rise, in dB per second, summed over the semitones.

    This is spectral flux in narrow bands (Alluri & Toiviainen 2010). It also hears slow attacks.
    """
    size = power_of_two(FLUX_WINDOW_S * rate)
    hop = size // HOPS_PER_WINDOW
    hertz = np.arange(1, size // 2 + 1) * rate / size
    note = np.round(12 * np.log2(hertz / 440) + 69).astype(int)
    low, high = 1 + np.searchsorted(note, FLUX_NOTES)
    starts = low + np.unique(note[low - 1 : high - 1], return_index=True)[1]
    if not starts.size:
        return 0.0
    semitones = np.concatenate(
        [np.maximum.reduceat(spectra[:, :high], starts, axis=1) for spectra in spectra_of(samples, size, hop)]
    )
    levels = decibels(semitones, float(np.percentile(semitones.max(1), 95)), FLUX_RANGE_DB)
    rises = _rises(levels, FLUX_RISE_S, hop / rate)
    return float(rises.sum(1).mean() / FLUX_RISE_S) if len(rises) else 0.0


def _rises(levels: NDArray[np.float64], over: float, seconds: float) -> NDArray[np.float64]:
    lag = max(1, round(over / seconds))
    return np.maximum(0, levels[lag:] - levels[:-lag])
