"""Features of sounds for which the right values are known."""

from __future__ import annotations

import dataclasses
import functools
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
from device.library.audio.extraction import extract_features
from device.library.audio.features import SILENCE_LUFS, Features
from device.library.audio.rhythm import tempo_and_pulse
from device.library.audio.spectra import Samples

SECONDS = 20


def tone(hertz: float, level: float, rate: int = 22050) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * hertz * np.arange(SECONDS * rate) / rate), np.float32)


def clicks(minute: float, rate: int = 22050) -> Samples:
    sound = np.zeros(SECONDS * rate, np.float32)
    sound[(np.arange(0, SECONDS, 60 / minute) * rate).astype(int)] = 0.9
    return sound


def made(song: Song) -> NDArray[np.float32]:
    return synthesize(song, np.random.default_rng(1))


@functools.cache
def extracted(song: Song) -> Features:
    return extract_features(made(song), RATE)


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
def test_onsets_of_synthesized_songs_are_found(song: Song) -> None:
    found = extracted(song)
    beats = song.bpm / 60
    assert 0.7 * beats < found.onsets < 2.2 * beats  # chords and melody on the beat, drums between


def test_songs_in_minor_are_told_from_songs_in_major() -> None:
    by_mode: dict[bool, list[Features]] = {True: [], False: []}
    for song in SONGS:
        by_mode[song.minor].append(extracted(song))
    for name in ("mode", "major_triads"):
        minor, major = (sorted(getattr(each, name) for each in by_mode[side]) for side in (True, False))
        assert np.median(minor) < np.median(major) - 0.05
        assert minor[-1] < np.median(major)


def test_the_recording_level_changes_only_the_loudness() -> None:
    sound = made(SONGS[0])
    loud, soft = extract_features(sound, RATE), extract_features(0.1 * sound, RATE)
    assert soft.loudness == pytest.approx(loud.loudness - 20, abs=0.1)
    for field in dataclasses.fields(Features)[1:]:
        assert getattr(soft, field.name) == pytest.approx(getattr(loud, field.name), rel=0.02, abs=0.02)


def test_silence_has_the_lowest_loudness_and_no_other_features() -> None:
    found = extract_features(np.zeros(22050 * 5, np.float32), 22050)
    assert (found.loudness, found.brightness, found.onsets, found.pulse, found.mode) == (
        SILENCE_LUFS,
        0,
        0,
        0,
        0,
    )


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
            assert all(math.isfinite(value) for value in dataclasses.astuple(found))
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


def chord(*notes: int, seconds: float = SECONDS, overtones: int = 6) -> Samples:
    """Notes with overtones, by their MIDI numbers."""
    time = np.arange(int(seconds * 22050)) / 22050
    sound = np.zeros(len(time))
    for note in notes:
        hertz = 440 * 2 ** ((note - 69) / 12)
        sound += sum(0.5**k * np.sin(2 * np.pi * k * hertz * time) for k in range(1, overtones + 1))
    return np.asarray(0.1 * sound, np.float32)


@pytest.mark.parametrize("root", range(48, 60))
@pytest.mark.parametrize(
    ("kind", "notes"), [("major", (0, 4, 7)), ("minor", (0, 3, 7)), ("diminished", (0, 3, 6))]
)
def test_a_triad_is_heard_on_every_root(root: int, kind: str, notes: tuple[int, ...]) -> None:
    found = extract_features(chord(*(root + note for note in notes), seconds=4), 22050)
    shares = {"major": found.major_triads, "minor": found.minor_triads, "diminished": found.diminished_triads}
    assert max(shares, key=lambda name: shares[name]) == kind


def test_an_instrument_out_of_tune_has_the_same_harmony() -> None:
    time_stretched = chord(60, 64, 67, seconds=4)
    found = extract_features(time_stretched, round(22050 * 2 ** (0.4 / 12)))  # 40 cents higher
    assert found.major_triads > max(found.minor_triads, found.diminished_triads)


def test_high_notes_have_a_higher_pitch_than_low_ones_and_overtones_are_no_notes() -> None:
    low, high = (extract_features(chord(note, seconds=4), 22050) for note in (48, 72))
    assert low.pitch == pytest.approx(48, abs=3)
    assert high.pitch == pytest.approx(72, abs=3)


def test_each_note_of_a_chord_counts_and_each_repetition() -> None:
    fade = np.exp(-6 * np.arange(11025) / 22050).astype(np.float32)
    one = np.tile(chord(60, seconds=0.5) * fade, 20)
    three = np.tile(chord(60, 64, 67, seconds=0.5) * fade, 20)
    slow = np.tile(np.concatenate([chord(60, seconds=0.5) * fade, np.zeros(11025, np.float32)]), 10)
    rates = [extract_features(sound, 22050).notes for sound in (slow, one, three)]
    assert rates[0] < rates[1] < rates[2]
    assert rates[1] == pytest.approx(2, abs=1)


def test_changing_harmonies_change_and_one_chord_does_not() -> None:
    changing = np.concatenate([chord(root, root + 4, root + 7, seconds=1) for root in (60, 66, 61, 67) * 3])
    still = extract_features(chord(60, 64, 67, seconds=12), 22050)
    moving = extract_features(changing, 22050)
    assert still.harmonic_change < 0.05
    assert moving.harmonic_change > 5 * still.harmonic_change
    assert moving.chroma_entropy > still.chroma_entropy


def test_noise_is_noisier_than_a_tone_and_struck_notes_decay() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 5 * 22050).astype(np.float32)
    assert extract_features(noise, 22050).noisiness > extract_features(tone(440, 0.1), 22050).noisiness + 0.3
    struck = np.tile(chord(60, seconds=1) * np.exp(-4 * np.arange(22050) / 22050).astype(np.float32), 8)
    assert extract_features(struck, 22050).decay < -20 < extract_features(chord(60, seconds=8), 22050).decay


def test_of_half_and_double_tempos_the_one_that_fits_the_onsets_counts() -> None:
    beats = np.zeros(2000)
    beats[::25] = 10.0  # every half second
    by_onsets = [tempo_and_pulse(beats, onsets, 0.02)[0] for onsets in (1.0, 3.8, 8.0)]
    assert by_onsets == pytest.approx([60, 120, 120], rel=0.02)  # 240 is no tempo


def test_neighbouring_notes_are_dissonant_and_fifths_are_not() -> None:
    cluster, fifth = (extract_features(chord(*notes, seconds=6), 22050) for notes in ((60, 61, 62), (60, 67)))
    assert cluster.semitones > fifth.semitones + 0.3
    assert fifth.fifths > cluster.fifths + 0.3


def test_the_bass_counts_for_the_lowest_pitch() -> None:
    without, with_bass = (
        extract_features(chord(*notes, seconds=4), 22050) for notes in ((67, 72), (43, 67, 72))
    )
    assert with_bass.low_pitch < without.low_pitch - 12
