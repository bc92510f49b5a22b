"""Estimates a song's valence and energy from its audio features.

All constants of the estimate stand here; none of them was fitted to songs. Which feature raises which
dimension follows the studies below. The ends of each range are known reference points. The weights are our
own judgement.

Energy: Gabrielsson & Lindström 2010, "The role of structure in the musical expression of emotions"; Schubert
2004, "Modeling perceived emotion with continuous musical features" (loudness, tempo); Eerola, Lartillot and
Toiviainen 2009, "Prediction of multidimensional emotional ratings in music from audio" (brightness, events).
Valence: Dalla Bella et al. 2001, and Gagnon & Peretz 2003 (mode, tempo).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from device.library.audio.features import Features

FORMULA_VERSION = 1  # raise it with any change in this file: the affect of all songs is then computed again

# Each range goes from the value that counts as 0 to the one that counts as 1.
LOUDNESS_RANGE_LUFS = (-30.0, -9.0)  # a string quartet; a pop song mastered to be loud; broadcasts are at -23
BRIGHTNESS_RANGE = (0.10, 0.60)  # the lower half of a piano; a drum kit
ONSET_RATE_RANGE = (0.5, 6.0)  # per second: long notes; sixteenth notes at 90 beats per minute
TEMPO_RANGE_BPM = (60.0, 180.0)  # the slowest and the fastest tempo that people tap along to; on a log scale
CLEAR_PULSE = 0.4  # from this pulse clarity on, the tempo counts in full
CLEAR_MODE = 0.3  # how much better one of major and minor fits where the mode is clear

ENERGY_WEIGHTS = {"loudness": 0.35, "onsets": 0.30, "brightness": 0.20, "tempo": 0.15}  # they add up to 1
VALENCE_WEIGHTS = {"mode": 0.12, "tempo": 0.12}  # the largest distance from the middle that each can cause

# The share of the variance of listeners' ratings that such features explain, as published for models that
# were fitted on songs of many kinds.
ENERGY_R_SQUARED, VALENCE_R_SQUARED = 0.6, 0.3


class AudioAffect(NamedTuple):
    """A song's affect estimated from its sound alone, with the confidence of each value; all from 0 to 1."""

    valence: float
    energy: float
    valence_confidence: float
    energy_confidence: float


def audio_affect_of(features: Features) -> AudioAffect:
    """Estimate the affect of a song from its features."""
    tempo = _position_in(math.log2(features.tempo), *map(math.log2, TEMPO_RANGE_BPM))
    # The weaker the pulse, the nearer to the middle: a tempo that listeners do not feel tells nothing.
    felt_tempo = 0.5 + (tempo - 0.5) * min(1.0, features.pulse / CLEAR_PULSE)
    shares = {
        "loudness": _position_in(features.loudness, *LOUDNESS_RANGE_LUFS),
        "onsets": _position_in(features.onsets, *ONSET_RATE_RANGE),
        "brightness": _position_in(features.brightness, *BRIGHTNESS_RANGE),
        "tempo": felt_tempo,
    }
    mode = max(-1.0, min(1.0, features.mode / CLEAR_MODE))
    return AudioAffect(
        valence=0.5 + VALENCE_WEIGHTS["mode"] * mode + VALENCE_WEIGHTS["tempo"] * (2 * felt_tempo - 1),
        energy=sum(weight * shares[name] for name, weight in ENERGY_WEIGHTS.items()),
        valence_confidence=_confidence(VALENCE_R_SQUARED),
        energy_confidence=_confidence(ENERGY_R_SQUARED),
    )


def _confidence(r_squared: float) -> float:
    """Return how much smaller the standard deviation of the error is than that of a guess, as a share."""
    return 1 - math.sqrt(1 - r_squared)


def _position_in(value: float, low: float, high: float) -> float:
    return max(0.0, min(1.0, (value - low) / (high - low)))
