"""From what was measured in a song to where it may lie: how it sounds is known, how it feels is a guess.

All constants of that guess stand here, and none was fitted to songs. What raises and lowers either side is
what the studies agree on; the ends of each range are known marks; the weights are our judgement.

Energy: Gabrielsson & Lindström 2010, "The role of structure in the musical expression of emotions"; Schubert
2004, "Modeling perceived emotion with continuous musical features" (loudness, tempo); Eerola, Lartillot and
Toiviainen 2009, "Prediction of multidimensional emotional ratings in music from audio" (brightness, events).
Valence: Dalla Bella et al. 2001, and Gagnon & Peretz 2003 (mode, tempo).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from device.library.audio.features import Features

FORMULA = (
    1  # another number as soon as anything in this file differs: then all songs' places are reckoned anew
)

# What counts as none, and as all of it.
LOUDNESS = (-30.0, -9.0)  # LUFS: a string quartet, and a pop song mastered to be loud; broadcasts are at -23
BRIGHTNESS = (0.10, 0.60)  # a piano's lower half; a drum kit
ONSETS = (0.5, 6.0)  # a second: long notes; sixteenth notes at 90 beats a minute
TEMPO = (60.0, 180.0)  # beats a minute, by octaves: as slow and as fast as people tap along
PULSE = 0.4  # as clear as this, the tempo counts in full
MODE = 0.3  # so much better does one of major and minor fit where it is clear

ENERGY = {"loudness": 0.35, "onsets": 0.30, "brightness": 0.20, "tempo": 0.15}  # shares of the whole
VALENCE = {"mode": 0.12, "tempo": 0.12}  # how far either leads away from the middle

# The share of what people say of songs' energy and valence that such measures tell (R squared), as published
# of models that were fitted, on songs of many kinds.
ENERGY_TOLD, VALENCE_TOLD = 0.6, 0.3


class AudioAffect(NamedTuple):
    """Where a song lies by its sound alone, each side from 0 to 1."""

    valence: float
    energy: float


def audio_affect_of(features: Features) -> AudioAffect:
    tempo = _share(math.log2(features.tempo), *map(math.log2, TEMPO))
    felt = 0.5 + (tempo - 0.5) * min(1.0, features.pulse / PULSE)  # a beat that is not felt says nothing
    heard = {
        "loudness": _share(features.loudness, *LOUDNESS),
        "onsets": _share(features.onsets, *ONSETS),
        "brightness": _share(features.brightness, *BRIGHTNESS),
        "tempo": felt,
    }
    mode = max(-1.0, min(1.0, features.mode / MODE))
    return AudioAffect(
        valence=0.5 + VALENCE["mode"] * mode + VALENCE["tempo"] * (2 * felt - 1),
        energy=sum(share * heard[name] for name, share in ENERGY.items()),
    )


def _share(value: float, none: float, whole: float) -> float:
    return max(0.0, min(1.0, (value - none) / (whole - none)))
