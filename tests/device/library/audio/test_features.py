"""Features of sounds for which the right values are known."""

from __future__ import annotations

import dataclasses
import math
import warnings

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from device.demo.songs import RATE, SONGS, Song, synthesize
from device.library.audio.features import (
    MAX_TEMPO_BPM,
    MIN_TEMPO_BPM,
    SILENCE_LUFS,
    Features,
    Samples,
    extract_features,
)

SECONDS = 20


def tone(hertz: float, level: float, rate: int = 22050) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * hertz * np.arange(SECONDS * rate) / rate), np.float32)


def clicks(minute: float, rate: int = 22050) -> Samples:
    sound = np.zeros(SECONDS * rate, np.float32)
    sound[(np.arange(0, SECONDS, 60 / minute) * rate).astype(int)] = 0.9
    return sound


def made(song: Song) -> NDArray[np.float32]:
    return synthesize(song, np.random.default_rng(1))


@pytest.mark.parametrize(("level", "loudness"), [(1.0, 0.0), (0.07079, -23.0)])
@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
def test_loudness_of_a_tone_matches_bs1770(level: float, loudness: float, rate: int) -> None:
    """EBU Tech 3341's first test: a stereo tone at -23 dBFS has -23 LUFS."""
    assert extract_features(tone(997, level, rate), rate).loudness == pytest.approx(loudness, abs=0.1)


def test_a_pause_does_not_reduce_the_loudness() -> None:
    sound = tone(997, 0.1)
    sound[: len(sound) // 2] = 0
    assert extract_features(sound, 22050).loudness == pytest.approx(-20, abs=0.2)


def test_bass_counts_less_towards_the_loudness_than_middle_frequencies() -> None:
    assert (
        extract_features(tone(40, 0.1), 22050).loudness
        < extract_features(tone(2000, 0.1), 22050).loudness - 5
    )


def test_brightness_is_the_share_of_high_frequencies() -> None:
    low, high = extract_features(tone(220, 0.1), 22050), extract_features(tone(4000, 0.1), 22050)
    both = extract_features(tone(220, 0.1) + tone(4000, 0.1), 22050)
    assert low.brightness < 0.02
    assert high.brightness > 0.98
    assert both.brightness == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("minute", [60, 90, 120, 150, 200])
def test_each_click_is_an_onset_and_their_tempo_is_found(minute: int) -> None:
    found = extract_features(clicks(minute), 22050)
    assert found.onsets == pytest.approx(minute / 60, rel=0.05)
    octaves = math.log2(found.tempo / minute)
    assert abs(octaves - round(octaves)) < 0.06  # half and double the tempo count as right
    assert found.pulse > 0.4


def test_a_continuous_tone_has_neither_onsets_nor_a_pulse() -> None:
    found = extract_features(tone(440, 0.1), 22050)
    assert (found.onsets, found.pulse) == (0, 0)


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.title)
def test_mode_and_onsets_of_synthesized_songs_are_found(song: Song) -> None:
    found = extract_features(made(song), RATE)
    assert (found.mode < 0) == song.minor
    beats = song.bpm / 60
    assert 0.7 * beats < found.onsets < 2.2 * beats  # chords and melody on the beat, drums between


def test_the_recording_level_changes_only_the_loudness() -> None:
    sound = made(SONGS[0])
    loud, soft = extract_features(sound, RATE), extract_features(0.1 * sound, RATE)
    assert soft.loudness == pytest.approx(loud.loudness - 20, abs=0.1)
    for name in ("brightness", "onsets", "tempo", "pulse", "mode"):
        assert getattr(soft, name) == pytest.approx(getattr(loud, name), abs=0.02)


def test_silence_has_the_lowest_loudness_and_no_other_features() -> None:
    found = extract_features(np.zeros(22050 * 5, np.float32), 22050)
    assert (found.loudness, found.brightness, found.onsets, found.pulse, found.mode) == (
        SILENCE_LUFS,
        0,
        0,
        0,
        0,
    )


@given(
    arrays(np.float32, st.integers(1, 20000), elements=st.floats(-4, 4, width=32)),
    st.sampled_from([4000, 8000, 22050, 48000]),
)
def test_all_features_of_any_sound_are_in_their_ranges(sound: Samples, rate: int) -> None:
    found = extract_features(sound, rate)
    assert all(math.isfinite(value) for value in dataclasses.astuple(found))
    assert SILENCE_LUFS <= found.loudness < 30
    assert 0 <= found.brightness <= 1
    assert found.onsets >= 0
    assert 0.9 * MIN_TEMPO_BPM < found.tempo < 1.2 * MAX_TEMPO_BPM
    assert 0 <= found.pulse <= 1
    assert -1 <= found.mode <= 1


lengths = st.integers(1, 20000)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    arrays(np.float32, lengths, elements=finite) | arrays(np.float32, lengths, elements=st.floats(width=32)),
    st.sampled_from([4000, 8000, 22050, 48000]),
)
def test_any_samples_give_valid_features_or_an_error_that_they_are_not_numbers(
    sound: Samples, rate: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if np.isfinite(sound).all():
            found = extract_features(sound, rate)
            assert msgspec.convert(dataclasses.asdict(found), Features) == found
        else:
            with pytest.raises(ValueError, match="its samples are not all numbers"):
                extract_features(sound, rate)


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-30, 1e-10])
def test_an_inaudibly_soft_song_has_features(scale: float) -> None:
    sound = (made(SONGS[0])[: 20 * RATE] * scale).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extract_features(sound, RATE)
    assert found.loudness == SILENCE_LUFS
    assert msgspec.convert(dataclasses.asdict(found), Features) == found
