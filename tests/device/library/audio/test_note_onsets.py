"""The moments at which notes begin: the arithmetic of the network, and the shipped one on made-up notes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from device.errors import ModelError
from device.library.audio import note_onsets
from device.library.audio.features import extract_features
from device.library.audio.note_onsets import (
    FORMAT,
    Layer,
    OnsetNetwork,
    note_onset_rate,
    onset_probabilities,
    shipped_network,
)
from device.library.audio.spectra import Samples

RATE, SECONDS = 11_025, 12
TUNE = (57, 60, 64, 69, 64, 60)
OVERTONES = 6


def tune(notes_per_second: float, attack_s: float, *, vibrato: float = 0.0) -> Samples:
    """A tune whose notes neither decay nor overlap; `vibrato` is in semitones."""
    at = np.arange(SECONDS * RATE) / RATE
    number = (at * notes_per_second).astype(int)
    since = at - number / notes_per_second
    pitch = np.array(TUNE)[number % len(TUNE)] + vibrato * np.sin(2 * np.pi * 5 * at)
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / RATE
    release = np.clip((1 / notes_per_second - since) / 0.02, 0, 1)
    sound = sum(np.sin(phase * overtone) / overtone for overtone in range(1, OVERTONES + 1))
    return np.asarray(0.1 * np.clip(since / attack_s, 0, 1) * release * sound, np.float32)


@pytest.mark.parametrize("notes_per_second", [1, 2, 4])
@pytest.mark.parametrize("attack_s", [0.005, 0.1], ids=["plucked", "bowed"])
def test_notes_that_begin_slowly_are_counted_like_those_that_are_plucked(
    notes_per_second: int, attack_s: float
) -> None:
    found = extract_features(tune(notes_per_second, attack_s), RATE).note_onsets
    assert found == pytest.approx(notes_per_second, rel=0.25)


def test_a_slight_vibrato_is_no_new_note() -> None:
    assert extract_features(tune(0.5, 0.1, vibrato=0.15), RATE).note_onsets < 1


def test_each_layer_sees_as_many_frames_as_it_has_weights_for() -> None:
    passes_on = Layer([[[1.0]]], [0.0])
    two_later = Layer([[[0.0]], [[0.0]], [[0.0]], [[0.0]], [[1.0]]], [0.0])
    negative_is_nothing = Layer([[[10.0]]], [-5.0])
    network = OnsetNetwork(format=FORMAT, layers=[passes_on, two_later, negative_is_nothing])
    signals = np.array([[-9.0], [0.0], [0.0], [1.0], [0.0]], np.float32)
    found = onset_probabilities(signals, network)
    nothing, something = 1 / (1 + np.exp(5)), 1 / (1 + np.exp(-5))
    assert found == pytest.approx([nothing, something, nothing, nothing, nothing])


def test_each_likely_peak_is_an_onset() -> None:
    probabilities = np.array([0.0, 0.9, 0.9, 0.1, 0.15, 0.1, 0.5, 0.3, 0.6, 0.0])
    assert note_onset_rate(probabilities, 0.1) == pytest.approx(3)
    assert note_onset_rate(np.ones(1), 0.1) == 0


def test_a_network_that_cannot_be_used_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "note_onsets.json"
    monkeypatch.setattr(note_onsets, "CARD", path)
    other = msgspec.json.encode(OnsetNetwork(format=FORMAT + 1, layers=[Layer([[[1.0]]], [0.0])]))
    shipped_network.cache_clear()
    try:
        for content in (None, b"", b"{}", other):
            if content is not None:
                path.write_bytes(content)
            with pytest.raises(ModelError, match=r"note_onsets\.json"):
                shipped_network()
    finally:
        shipped_network.cache_clear()
