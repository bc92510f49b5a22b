"""What is measured in a song's sound. `extraction` measures it, in a process of its own.

The box itself only keeps and judges these values, so nothing that measures is imported with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

FEATURES_VERSION = 3  # raise it with any change of what is measured: all songs are then analyzed again

BRIGHTNESS_CUTOFF_HZ = 1500.0  # Juslin's limit for brightness, and MIRtoolbox's
SILENCE_LUFS = -70.0  # BS.1770's absolute gate: softer blocks do not count

Share = Annotated[float, Meta(ge=0, le=1)]
Pitch = Annotated[float, Meta(ge=0, le=127)]
Level = Annotated[float, Meta(ge=0, le=1e5)]


@dataclass(frozen=True)
class Features:
    """What is measured in a song; `extract_features` never leaves these ranges.

    Attributes:
        loudness: integrated loudness in LUFS.
        brightness: share of the spectrum above BRIGHTNESS_CUTOFF_HZ.
        onsets: moments per second at which notes or beats begin.
        tempo: beats per minute; of a tempo, its half and its double the one that fits the onsets best.
        pulse: how clearly the tempo is felt, from 0 to 1.
        mode: from -1 (minor) to 1 (major).
        key_clarity: how well a key fits, from -1 to 1.
        major_triads: their share; of all triads that might sound.
        minor_triads: their share.
        diminished_triads: their share.
        harmonic_change: how far the harmony moves in half a second.
        harmonic_irregularity: how unevenly it moves.
        chroma_entropy: 1 if all twelve notes are equally frequent.
        semitones: how strongly notes a semitone apart are mixed.
        fifths: how strongly notes a fifth apart are mixed.
        pitch: mean pitch as a MIDI number.
        low_pitch: mean pitch of the lowest note.
        high_pitch: below it lie nine tenths of the notes.
        notes: notes per second; those of a chord count one by one.
        flux: how much the spectrum rises, in dB per second and semitone, summed over the semitones.
        flux_variation: how unevenly it rises.
        dynamics: standard deviation of the level from second to second, in dB.
        attack: how fast the level rises at onsets, in dB per second.
        decay: how fast it falls, in dB per second; at most 0.
        noisiness: spectral flatness, 1 for noise.
    """

    loudness: Annotated[float, Meta(ge=SILENCE_LUFS, le=100)]
    brightness: Share
    onsets: Annotated[float, Meta(ge=0, le=1000)]
    tempo: Annotated[float, Meta(ge=1, le=1000)]
    pulse: Share
    mode: Annotated[float, Meta(ge=-1, le=1)]
    key_clarity: Annotated[float, Meta(ge=-1, le=1)]
    major_triads: Share
    minor_triads: Share
    diminished_triads: Share
    harmonic_change: Annotated[float, Meta(ge=0, le=4)]
    harmonic_irregularity: Annotated[float, Meta(ge=0, le=4)]
    chroma_entropy: Share
    semitones: Share
    fifths: Share
    pitch: Pitch
    low_pitch: Pitch
    high_pitch: Pitch
    notes: Level
    flux: Level
    flux_variation: Level
    dynamics: Level
    attack: Annotated[float, Meta(ge=-1e5, le=1e5)]
    decay: Annotated[float, Meta(ge=-1e5, le=0)]
    noisiness: Share
