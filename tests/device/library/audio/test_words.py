"""What was measured, in words."""

from __future__ import annotations

from dataclasses import replace

from device.library.audio.words import descriptive_words
from tests.device.library.audio.songs import MIDDLING


def test_what_stands_out_has_a_word() -> None:
    assert descriptive_words(MIDDLING) == ()
    wild = replace(MIDDLING, loudness=-9, brightness=0.6, onsets=6, tempo=160, mode=-0.2, pitch=50)
    assert descriptive_words(wild) == ("fast", "dense", "minor", "low", "bright", "loud")
    still = replace(MIDDLING, loudness=-30, brightness=0.1, onsets=1, tempo=60, mode=0.2)
    assert descriptive_words(still) == ("slow", "sparse", "major", "dark", "soft")


def test_a_tempo_that_nobody_feels_has_no_word() -> None:
    assert "fast" in descriptive_words(replace(MIDDLING, tempo=160))
    assert "fast" not in descriptive_words(replace(MIDDLING, tempo=160, pulse=0.1))
