"""Rendering pieces with a real FluidSynth, where there is one, and what is kept of it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from converter.errors import DataError
from converter.songs import sounds
from converter.songs.arrangements import ARRANGEMENTS
from converter.songs.sounds import (
    AS_WRITTEN,
    CHANGES,
    GAIN,
    PHONE_RATE_HZ,
    RATE_HZ,
    arrangements_of,
    measure_all,
    source_of,
)
from tests.converter.songs.pieces import write_piece

# The smallest of Debian's General MIDI sound fonts first.
FONTS = [
    font
    for name in ("TimGM6mb", "FluidR3_GM", "default-GM")
    if (font := Path(f"/usr/share/sounds/sf2/{name}.sf2")).is_file()
][:1]
needs_fluidsynth = pytest.mark.skipif(
    not (FONTS and shutil.which("fluidsynth")),
    reason="FluidSynth or a sound font is missing: sudo apt install fluidsynth timgm6mb-soundfont",
)


@needs_fluidsynth
def test_fluidsynth_renders_each_version_and_a_fast_piece_is_heard_as_faster_than_a_slow_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "ARRANGEMENTS_PER_PIECE", 1)
    pieces = [write_piece(tmp_path, name, fast=name == "fast", seconds=8) for name in ("fast", "slow")]
    measured = list(measure_all(pieces, FONTS, tmp_path / "sounds"))
    by_version = {(each.piece, each.version): each.features for each in measured}
    versions = (AS_WRITTEN, *CHANGES, GAIN)
    assert set(by_version) == {
        (number, version)
        for number, piece in enumerate(pieces)
        for version in (*versions, *arrangements_of(piece))
    }
    for version in versions:
        assert by_version[0, version].notes > 2 * by_version[1, version].notes
    assert by_version[0, AS_WRITTEN].major_triads > by_version[1, AS_WRITTEN].major_triads
    # A second fit has the same features, although it neither renders nor measures.
    monkeypatch.setattr(sounds, "_rendered", pytest.fail)
    monkeypatch.setattr(sounds, "extract_features", pytest.fail)
    assert list(measure_all(pieces, FONTS, tmp_path / "sounds")) == measured


@needs_fluidsynth
def test_fluidsynth_gives_the_same_sound_each_time(tmp_path: Path) -> None:
    piece = write_piece(tmp_path, "fast", fast=True, seconds=4)
    first, second = (sounds._rendered("strings", piece, FONTS[0], random.Random(3))[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_a_missing_sound_font_is_named(tmp_path: Path) -> None:
    pieces = [write_piece(tmp_path, "fast", fast=True, seconds=4)]
    with pytest.raises(DataError, match=r"none\.sf2: no such sound font; Debian's package"):
        list(measure_all(pieces, [tmp_path / "none.sf2"], tmp_path))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_keeps_the_tune_and_the_length(change: str, tmp_path: Path) -> None:
    tone = (0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    changed, rate = CHANGES[change](tone, RATE_HZ, random.Random(1))
    assert len(changed) / rate == pytest.approx(2, abs=0.1)
    spectrum = np.abs(np.fft.rfft(changed))
    assert np.argmax(spectrum) * rate / len(changed) == pytest.approx(440, abs=2)
    assert rate == (PHONE_RATE_HZ if change == "phone" else RATE_HZ)
    soundfile.write(tmp_path / "file.wav", changed, rate)


def test_the_arrangements_of_a_piece_are_always_the_same_and_others_for_another_piece(tmp_path: Path) -> None:
    pieces = [write_piece(tmp_path, name, fast=True, seconds=2) for name in "abcdefgh"]
    drawn = [arrangements_of(piece) for piece in pieces]
    assert drawn == [arrangements_of(piece) for piece in pieces]
    assert len(set(drawn)) > 4
    assert {name for names in drawn for name in names} <= set(ARRANGEMENTS)


def test_a_change_is_made_to_the_piece_as_written_or_to_one_of_its_arrangements(tmp_path: Path) -> None:
    pieces = [write_piece(tmp_path, name, fast=True, seconds=2) for name in "abcdefgh"]
    for piece in pieces:
        assert source_of("organ", piece) == "organ"
        for change in (*CHANGES, GAIN):
            assert source_of(change, piece) in (AS_WRITTEN, *arrangements_of(piece))
    assert len({source_of("mp3", piece) for piece in pieces}) > 2
