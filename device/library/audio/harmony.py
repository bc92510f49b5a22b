"""Keys, triads and how the harmony changes, from the notes that sound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device.library.audio.notes import NOTES
from device.library.audio.spectra import TINY, Samples, moving_means

# How well each note of the scale fits into a major and into a minor key: Krumhansl & Kessler 1982.
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7), "diminished": (0, 3, 6), "augmented": (0, 4, 8)}
STRENGTH = 1.5  # the power of an activation that counts: weak notes are often none
KEY_S, KEY_STEP_S = 8.0, 2.0  # the stretch in which a key is looked for, and the step to the next one
TRIAD_S, TRIAD_STEP_S = 1.0, 0.25
TRIAD_CERTAINTY = 20.0  # the higher, the more the best triad counts alone
SCALE_S, SCALE_STEP_S = 4.0, 2.0  # the stretch whose notes are compared with each other
CHANGE_S = 0.5  # harmonies so far apart are compared


class Harmony(NamedTuple):
    """What is heard of keys and chords.

    Attributes:
        mode: from -1 (minor) to 1 (major): by how much the best major key fits better than the best minor
            one, on average over stretches of KEY_S (Krumhansl 1990). Major is felt as happier than minor
            (Dalla Bella et al. 2001).
        key_clarity: how well the better of both fits, up to 1 (Lartillot, Toiviainen & Eerola 2008).
        major, minor, diminished: the shares of these triads, found by templates (Oudre et al. 2011). Major
            triads sound happy, diminished ones tense (Lahdelma & Eerola 2016).
        change: how far the harmony moves in CHANGE_S, in the tonal centroid space of Harte, Sandler and
            Gasser 2006.
        irregularity: the standard deviation of that.
        entropy: of the twelve notes, 1 if all are equally frequent: high for chromatic and for rich music.
        semitones: how strongly notes a semitone apart are mixed in SCALE_S, up to 1. The semitone is the most
            dissonant interval class (Huron 1994), and dissonance is felt as tense.
        fifths: the same for a fourth or a fifth, the most consonant ones.
    """

    mode: float
    key_clarity: float
    major: float
    minor: float
    diminished: float
    change: float
    irregularity: float
    entropy: float
    semitones: float
    fifths: float


def harmony_of(activations: Samples, seconds: float) -> Harmony:
    """Measure the harmony of notes, one row of `activations` every `seconds`."""
    chroma = _chroma(activations)
    shares = chroma / np.maximum(chroma.sum(1, keepdims=True), TINY)
    if not shares.any():
        return Harmony(*[0.0] * len(Harmony._fields))
    mode, clarity = _keys(_stretches(shares, KEY_S, KEY_STEP_S, seconds))
    triads = _triads(_stretches(chroma, TRIAD_S, TRIAD_STEP_S, seconds))
    change, irregularity = _change(shares, seconds)
    scales = _unit(_stretches(shares, SCALE_S, SCALE_STEP_S, seconds))
    semitones, fifths = (
        float((scales * np.roll(scales, interval, axis=1)).sum(1).mean()) for interval in (1, 5)
    )
    mean = shares.mean(0)
    mean /= mean.sum()
    entropy = float(-(mean * np.log(mean + TINY)).sum() / np.log(12))
    return Harmony(
        mode=float(np.clip(mode, -1, 1)),
        key_clarity=float(np.clip(clarity, -1, 1)),
        major=triads[0],
        minor=triads[1],
        diminished=triads[2],
        change=change,
        irregularity=irregularity,
        entropy=min(1.0, max(0.0, entropy)),
        semitones=min(1.0, semitones),
        fifths=min(1.0, fifths),
    )


def _chroma(activations: Samples) -> NDArray[np.float64]:
    """Return the strength of each of the twelve notes, C first, in each frame."""
    strengths = np.power(activations, STRENGTH, dtype=np.float64)
    return np.stack([strengths[:, note == NOTES % 12].sum(1) for note in range(12)], axis=1)


def _stretches(rows: NDArray[np.float64], length: float, step: float, seconds: float) -> NDArray[np.float64]:
    return moving_means(rows, int(length / seconds))[:: max(1, int(step / seconds))]


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), TINY)
    return unit


def _centered(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return _unit(rows - rows.mean(1, keepdims=True))


KEYS = _centered(
    np.array([np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)])
)
CHORDS = _unit(
    np.array(
        [
            np.isin(np.arange(12), [(root + tone) % 12 for tone in chord])
            for chord in TRIADS.values()
            for root in range(12)
        ],
        np.float64,
    )
)
# The circles of fifths, minor thirds and major thirds; the last has half the weight (Harte et al. 2006).
ANGLES = np.arange(12)[:, None] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
TONAL_CENTROIDS = np.hstack([np.sin(ANGLES), np.cos(ANGLES)]) * np.array([1, 1, 0.5, 1, 1, 0.5])


def _keys(stretches: NDArray[np.float64]) -> tuple[float, float]:
    fits = _centered(stretches) @ KEYS.T
    major, minor = fits[:, :12].max(1), fits[:, 12:].max(1)
    return float((major - minor).mean()), float(np.maximum(major, minor).mean())


def _triads(stretches: NDArray[np.float64]) -> list[float]:
    """Return the share of each kind of triad; a stretch that fits several counts for each in proportion."""
    fits = _unit(stretches) @ CHORDS.T
    shares = np.exp(TRIAD_CERTAINTY * (fits - fits.max(1, keepdims=True)))
    shares /= shares.sum(1, keepdims=True)
    by_kind = shares.reshape(len(shares), len(TRIADS), 12).sum(2).mean(0)
    return [float(min(1.0, share)) for share in by_kind]


def _change(shares: NDArray[np.float64], seconds: float) -> tuple[float, float]:
    lag = max(1, int(CHANGE_S / seconds))
    centroids = moving_means(shares, lag) @ TONAL_CENTROIDS
    if len(centroids) <= lag:
        return 0.0, 0.0
    distances = np.linalg.norm(centroids[lag:] - centroids[:-lag], axis=1)
    return float(distances.mean()), float(distances.std())
