"""What was measured, in words."""

from __future__ import annotations

from dataclasses import replace

from device.library.audio.features import Features
from device.library.audio.words import descriptive_words

MIDDLING = Features(loudness=-18, brightness=0.3, onsets=2.5, tempo=100, pulse=0.5, mode=0.0)


def test_what_stands_out_has_a_word() -> None:
    assert descriptive_words(MIDDLING) == ()
    wild = Features(loudness=-9, brightness=0.6, onsets=6, tempo=160, pulse=0.5, mode=-0.2)
    assert descriptive_words(wild) == ("fast", "dense", "minor", "bright", "loud")
    still = Features(loudness=-30, brightness=0.1, onsets=1, tempo=60, pulse=0.5, mode=0.2)
    assert descriptive_words(still) == ("slow", "sparse", "major", "dark", "soft")


def test_a_tempo_that_nobody_feels_has_no_word() -> None:
    assert "fast" in descriptive_words(replace(MIDDLING, tempo=160))
    assert "fast" not in descriptive_words(replace(MIDDLING, tempo=160, pulse=0.1))
