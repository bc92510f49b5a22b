"""The affect estimated from features: the shipped model, and that its answers stay within the plane."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ModelError
from device.library.audio import affect
from device.library.audio.affect import MAX_DEVIATION, Regression, Scale, audio_affect_of, shipped_model
from device.library.audio.features import Features
from tests.device.library.audio.songs import MIDDLING


def _values(name: str) -> st.SearchStrategy[float]:
    limits = get_type_hints(Features, include_extras=True)[name].__metadata__[0]
    return st.floats(limits.ge, limits.le)


measured = st.builds(Features, **{field.name: _values(field.name) for field in dataclasses.fields(Features)})


@given(measured)
def test_every_song_has_an_affect_within_the_plane(features: Features) -> None:
    assert all(0 <= value <= 1 for value in audio_affect_of(features))


def test_major_triads_are_brighter_and_many_notes_more_energetic() -> None:
    """What the studies agree on, the fit must have found, too."""
    dark = replace(MIDDLING, mode=-0.2, major_triads=0.1)
    bright = replace(MIDDLING, mode=0.2, major_triads=0.7)
    assert audio_affect_of(bright).valence > audio_affect_of(dark).valence + 0.15
    still = replace(MIDDLING, onsets=0.8, notes=2, flux=500, loudness=-30)
    wild = replace(MIDDLING, onsets=6, notes=20, flux=5000, loudness=-9)
    assert audio_affect_of(wild).energy > audio_affect_of(still).energy + 0.3


def test_the_louder_the_more_energy_and_no_feature_counts_without_limit() -> None:
    loud, louder = replace(MIDDLING, loudness=-9), replace(MIDDLING, loudness=40)
    assert audio_affect_of(loud).energy > audio_affect_of(MIDDLING).energy
    model = msgspec.structs.replace(
        shipped_model(), scales={"loudness": Scale(-18, 5)}, energy=Regression({"loudness": 0.1}, 0.5, 0.3)
    )
    model = msgspec.structs.replace(model, valence=Regression({}, 0.4, 0.2))
    assert audio_affect_of(replace(MIDDLING, loudness=-13), model) == pytest.approx((0.4, 0.6, 0.2, 0.3))
    assert audio_affect_of(louder, model).energy == pytest.approx(0.5 + 0.1 * MAX_DEVIATION)


def test_the_sound_tells_energy_at_least_as_surely_as_it_did_and_never_surely() -> None:
    model = shipped_model()
    for part in (model.valence, model.energy):
        assert 0.1 < part.confidence < 0.5


def test_a_model_of_another_version_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "song_affect.json"
    monkeypatch.setattr(affect, "CARD", path)
    other = msgspec.structs.replace(shipped_model(), features_version=1)
    shipped_model.cache_clear()
    try:
        for content in (b"", b"{}", msgspec.json.encode(other)):
            path.write_bytes(content)
            with pytest.raises(ModelError, match=r"song_affect\.json"):
                shipped_model()
    finally:
        shipped_model.cache_clear()
