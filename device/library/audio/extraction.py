"""Measures features of music: loudness, sound colour, rhythm, notes and harmony.

Pure functions over samples, with numpy. Each feature follows its published definition in the simplest form;
the modules that measure them cite it.
"""

from __future__ import annotations

import numpy as np

from device.library.audio.features import BRIGHTNESS_CUTOFF_HZ, Features
from device.library.audio.harmony import harmony_of
from device.library.audio.loudness import (
    attack_and_decay,
    dynamics,
    envelope,
    k_weighting,
    loudness_of,
)
from device.library.audio.notes import note_activations, note_rate, register, semitone_flux
from device.library.audio.rhythm import (
    MAX_FREQUENCY_HZ,
    MIN_FREQUENCY_HZ,
    flux_variation,
    mel_bands,
    onset_rate,
    spectral_flux,
    tempo_and_pulse,
)
from device.library.audio.spectra import TINY, Samples, power_of_two, spectra_of

WINDOW_S = 0.046  # about the length of one spectrum; consecutive spectra overlap by half of it
MAX_NOISE_FREQUENCY_HZ = 5000.0
MAX_AMPLITUDE = 4.0  # 12 dB above full scale: lossy files go a little above 1, but not that far


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
    size = power_of_two(WINDOW_S * rate)
    seconds = size // 2 / rate
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    gain = 2 / np.square(np.hanning(size)).sum() / size
    k_weights = k_weighting(frequencies) * gain
    bands = mel_bands(frequencies)
    analyzed = (frequencies >= MIN_FREQUENCY_HZ) & (frequencies <= MAX_FREQUENCY_HZ)
    bright = analyzed & (frequencies >= BRIGHTNESS_CUTOFF_HZ)
    tonal = (frequencies > MIN_FREQUENCY_HZ) & (frequencies < MAX_NOISE_FREQUENCY_HZ)
    power, weighted, levels, flatness, above, total = [], [], [], [], 0.0, 0.0
    for spectra in spectra_of(samples, size, size // 2):
        squares = np.square(spectra)
        weighted.append(squares @ k_weights)
        power.append(squares.sum(1, dtype=np.float64))
        levels.append(spectra @ bands)
        flatness.append(_flatness(squares[:, tonal]))
        above += float(spectra[:, bright].sum())
        total += float(spectra[:, analyzed].sum())
    flux = spectral_flux(np.concatenate(levels))
    onsets = onset_rate(flux, seconds)
    tempo, pulse = tempo_and_pulse(flux, onsets, seconds)
    level = envelope(np.concatenate(power))
    attack, decay = attack_and_decay(level, seconds)
    activations, note_seconds = note_activations(samples, rate)
    harmony = harmony_of(activations, note_seconds)
    pitches = register(activations)
    return Features(
        loudness=loudness_of(np.concatenate(weighted), seconds),
        brightness=min(1.0, above / total) if total else 0.0,
        onsets=onsets,
        tempo=tempo,
        pulse=pulse,
        mode=harmony.mode,
        key_clarity=harmony.key_clarity,
        major_triads=harmony.major,
        minor_triads=harmony.minor,
        diminished_triads=harmony.diminished,
        harmonic_change=harmony.change,
        harmonic_irregularity=harmony.irregularity,
        chroma_entropy=harmony.entropy,
        semitones=harmony.semitones,
        fifths=harmony.fifths,
        pitch=pitches.mean,
        low_pitch=pitches.low,
        high_pitch=pitches.high,
        notes=note_rate(activations, note_seconds),
        flux=semitone_flux(samples, rate),
        flux_variation=flux_variation(flux),
        dynamics=dynamics(level, seconds),
        attack=attack,
        decay=decay,
        noisiness=float(min(1.0, np.concatenate(flatness).mean() ** 0.25)),
    )


def _flatness(squares: Samples) -> Samples:
    """Return the geometric by the arithmetic mean of each frame's power, from 0 to 1 (Peeters 2004)."""
    values = squares.astype(np.float64) + TINY
    return np.asarray(np.exp(np.log(values).mean(1)) / values.mean(1))
