"""Measures of sounds whose right answer is known."""

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
from device.sound.features import FASTEST, SILENCE, SLOWEST, Features, Samples, features_of

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
def test_loudness_is_that_of_bs1770_for_whose_tone_it_is_the_level_below_full(
    level: float, loudness: float, rate: int
) -> None:
    """EBU Tech 3341's first test: a stereo tone at -23 dBFS has -23 LUFS."""
    assert features_of(tone(997, level, rate), rate).loudness == pytest.approx(loudness, abs=0.1)


def test_a_pause_in_the_music_does_not_make_it_softer() -> None:
    sound = tone(997, 0.1)
    sound[: len(sound) // 2] = 0
    assert features_of(sound, 22050).loudness == pytest.approx(-20, abs=0.2)


def test_bass_counts_for_less_than_what_the_ear_hears_well() -> None:
    assert features_of(tone(40, 0.1), 22050).loudness < features_of(tone(2000, 0.1), 22050).loudness - 5


def test_brightness_is_the_share_of_what_is_high() -> None:
    low, high = features_of(tone(220, 0.1), 22050), features_of(tone(4000, 0.1), 22050)
    both = features_of(tone(220, 0.1) + tone(4000, 0.1), 22050)
    assert low.brightness < 0.02
    assert high.brightness > 0.98
    assert both.brightness == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("minute", [60, 90, 120, 150, 200])
def test_each_click_is_an_onset_and_their_tempo_is_known(minute: int) -> None:
    found = features_of(clicks(minute), 22050)
    assert found.onsets == pytest.approx(minute / 60, rel=0.05)
    octaves = math.log2(found.tempo / minute)
    assert abs(octaves - round(octaves)) < 0.06  # half and double are other people's tapping
    assert found.pulse > 0.4


def test_in_a_tone_that_goes_on_nothing_begins_and_no_beat_is_felt() -> None:
    found = features_of(tone(440, 0.1), 22050)
    assert (found.onsets, found.pulse) == (0, 0)


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.title)
def test_songs_that_were_made_here_are_known_again(song: Song) -> None:
    found = features_of(made(song), RATE)
    assert (found.mode < 0) == song.minor
    beats = song.bpm / 60
    assert 0.7 * beats < found.onsets < 2.2 * beats  # chords and melody on the beat, drums between


def test_it_is_the_same_however_loud_it_was_recorded_but_for_the_loudness() -> None:
    sound = made(SONGS[0])
    loud, soft = features_of(sound, RATE), features_of(0.1 * sound, RATE)
    assert soft.loudness == pytest.approx(loud.loudness - 20, abs=0.1)
    for name in ("brightness", "onsets", "tempo", "pulse", "mode"):
        assert getattr(soft, name) == pytest.approx(getattr(loud, name), abs=0.02)


def test_silence_has_no_loudness_and_does_no_harm() -> None:
    found = features_of(np.zeros(22050 * 5, np.float32), 22050)
    assert (found.loudness, found.brightness, found.onsets, found.pulse, found.mode) == (SILENCE, 0, 0, 0, 0)


@given(
    arrays(np.float32, st.integers(1, 20000), elements=st.floats(-4, 4, width=32)),
    st.sampled_from([4000, 8000, 22050, 48000]),
)
def test_whatever_it_is_the_measures_are_numbers_in_their_range(sound: Samples, rate: int) -> None:
    found = features_of(sound, rate)
    assert all(math.isfinite(value) for value in dataclasses.astuple(found))
    assert SILENCE <= found.loudness < 30
    assert 0 <= found.brightness <= 1
    assert found.onsets >= 0
    assert 0.9 * SLOWEST < found.tempo < 1.2 * FASTEST
    assert 0 <= found.pulse <= 1
    assert -1 <= found.mode <= 1


lengths = st.integers(1, 20000)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    arrays(np.float32, lengths, elements=finite) | arrays(np.float32, lengths, elements=st.floats(width=32)),
    st.sampled_from([4000, 8000, 22050, 48000]),
)
def test_of_any_samples_there_are_all_measures_or_it_is_said_that_they_are_not_numbers(
    sound: Samples, rate: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if np.isfinite(sound).all():
            found = features_of(sound, rate)
            assert msgspec.convert(dataclasses.asdict(found), Features) == found
        else:
            with pytest.raises(ValueError, match="its samples are not all numbers"):
                features_of(sound, rate)


@pytest.mark.parametrize("scale", [1e-45, 1e-38, 1e-30, 1e-10])
def test_a_song_that_is_softer_than_any_ear_can_hear_has_measures(scale: float) -> None:
    sound = (made(SONGS[0])[: 20 * RATE] * scale).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = features_of(sound, RATE)
    assert found.loudness == SILENCE
    assert msgspec.convert(dataclasses.asdict(found), Features) == found
