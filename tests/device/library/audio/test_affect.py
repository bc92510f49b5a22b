"""The affect estimated from features: which features raise it, and that it stays within its range."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.library.audio.affect import (
    ENERGY_R_SQUARED,
    ENERGY_WEIGHTS,
    VALENCE_R_SQUARED,
    VALENCE_WEIGHTS,
    audio_affect_of,
)
from device.library.audio.features import MAX_TEMPO_BPM, MIN_TEMPO_BPM, SILENCE_LUFS, Features

SONG = Features(loudness=-18, brightness=0.3, onsets=2.5, tempo=100, pulse=0.5, mode=0.0)

measured = st.builds(
    Features,
    loudness=st.floats(SILENCE_LUFS, 10),
    brightness=st.floats(0, 1),
    onsets=st.floats(0, 40),
    tempo=st.floats(MIN_TEMPO_BPM, MAX_TEMPO_BPM),
    pulse=st.floats(0, 1),
    mode=st.floats(-1, 1),
)


@given(measured)
def test_every_song_has_an_affect_within_the_plane(features: Features) -> None:
    affect = audio_affect_of(features)
    assert all(0 <= value <= 1 for value in affect)


@pytest.mark.parametrize(
    ("measure", "by"), [("loudness", 3), ("brightness", 0.1), ("onsets", 1), ("tempo", 20)]
)
@given(features=measured)
def test_louder_brighter_busier_or_faster_music_never_has_less_energy(
    measure: str, by: float, features: Features
) -> None:
    more = replace(features, **{measure: getattr(features, measure) + by})
    assert audio_affect_of(more).energy >= audio_affect_of(features).energy - 1e-9


def test_each_of_these_features_raises_the_energy() -> None:
    for measure, by in (("loudness", 3), ("brightness", 0.1), ("onsets", 1), ("tempo", 20)):
        more = replace(SONG, **{measure: getattr(SONG, measure) + by})
        assert audio_affect_of(more).energy > audio_affect_of(SONG).energy


def test_major_and_fast_music_has_more_valence_than_minor_and_slow_music() -> None:
    bright, dark = replace(SONG, mode=0.3, tempo=150), replace(SONG, mode=-0.3, tempo=60)
    assert audio_affect_of(bright).valence > 0.6
    assert audio_affect_of(dark).valence < 0.4


def test_a_tempo_without_a_pulse_has_no_influence() -> None:
    slow, fast = (audio_affect_of(replace(SONG, tempo=tempo, pulse=0)) for tempo in (50, 200))
    assert slow == fast


def test_valence_has_the_lower_r_squared_and_stays_near_the_middle() -> None:
    assert VALENCE_R_SQUARED < ENERGY_R_SQUARED
    assert sum(VALENCE_WEIGHTS.values()) < 0.25
    assert sum(ENERGY_WEIGHTS.values()) == pytest.approx(1)
