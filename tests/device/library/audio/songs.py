"""Features of a song that is in the middle of everything."""

from __future__ import annotations

from device.library.audio.features import Features

MIDDLING = Features(
    loudness=-18,
    brightness=0.3,
    onsets=2.5,
    tempo=100,
    pulse=0.5,
    mode=0.0,
    key_clarity=0.7,
    major_triads=0.45,
    minor_triads=0.3,
    diminished_triads=0.15,
    harmonic_change=0.25,
    harmonic_irregularity=0.15,
    chroma_entropy=0.9,
    semitones=0.3,
    fifths=0.5,
    pitch=60,
    low_pitch=48,
    high_pitch=72,
    notes=8,
    flux=2000,
    flux_variation=1.5,
    dynamics=3,
    attack=100,
    decay=-10,
    noisiness=0.2,
)
