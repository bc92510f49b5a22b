"""Fitting the model of song affect to made-up judgements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from converter.songs.arrangements import ARRANGEMENTS
from converter.songs.fitting import (
    FAMILIES,
    FAMILY_OF,
    PLANE_DEVIATION,
    PLANE_MIDDLE,
    as_by_piano,
    fit,
    people_in_plane,
)
from converter.songs.people import JudgedPiece
from converter.songs.sounds import AS_WRITTEN, Measured
from device.library.audio.affect import SongAffectModel, audio_affect_of
from tests.device.library.audio.songs import MIDDLING

RNG = np.random.default_rng(3)
VALENCE, AROUSAL = RNG.normal(0.15, 0.2, 60), RNG.normal(0.1, 0.2, 60)
PIECES = [
    JudgedPiece(Path(f"{n}.mid"), f"game {n % 5}", float(v), float(a))
    for n, (v, a) in enumerate(zip(VALENCE, AROUSAL, strict=True))
]


def measured(noise: float) -> list[Measured]:
    """Features that follow people's judgements, with noise."""
    found = []
    for version in (AS_WRITTEN, "organ", "mp3"):
        for number, piece in enumerate(PIECES):
            v, a = piece.valence + RNG.normal(0, noise), piece.arousal + RNG.normal(0, noise)
            features = replace(MIDDLING, mode=float(np.clip(v, -1, 1)), notes=float(5 * np.exp(2 * a)))
            found.append(Measured(number, version, features))
    return found


def test_what_follows_from_the_features_is_found_for_games_that_were_left_out() -> None:
    result = fit(PIECES, measured(0.02))
    for agreement in result.agreement.values():
        assert agreement.as_written > 0.92
        assert agreement.r_squared > 0.8
    bright = replace(MIDDLING, mode=0.5)
    assert audio_affect_of(bright, result.model).valence > audio_affect_of(MIDDLING, result.model).valence


def test_what_does_not_follow_from_them_gives_little_confidence() -> None:
    clear, vague = fit(PIECES, measured(0.02)).model, fit(PIECES, measured(1.0)).model
    assert vague.valence.confidence < 0.15
    assert clear.valence.confidence > 0.6
    assert vague.energy.confidence < 0.15
    assert clear.energy.confidence > 0.6


def test_the_box_reads_the_model_as_it_was_fitted() -> None:
    model = fit(PIECES, measured(0.1)).model
    assert msgspec.json.decode(msgspec.json.encode(model), type=SongAffectModel) == model


def test_people_are_spread_around_the_middle_of_the_plane() -> None:
    places = people_in_plane(PIECES, "valence")
    assert (places.mean(), places.std()) == pytest.approx((PLANE_MIDDLE, PLANE_DEVIATION))
    assert np.corrcoef(places, VALENCE)[0, 1] == pytest.approx(1)


def test_a_feature_that_is_the_same_in_all_sounds_does_no_harm() -> None:
    result = fit(PIECES, measured(0.02))
    assert all(scale.deviation > 0 for scale in result.model.scales.values())
    assert result.model.energy.weights["loudness"] == 0


def test_each_arrangement_is_in_one_family() -> None:
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(ARRANGEMENTS)
    assert FAMILY_OF.keys() == ARRANGEMENTS.keys()


def test_a_measure_can_be_taken_as_if_no_instrument_changed_it() -> None:
    piano = replace(MIDDLING, onsets=3.0, flux=900.0)
    organ = replace(MIDDLING, onsets=1.0, flux=500.0)
    sounds = [Measured(0, "organ", organ), Measured(0, AS_WRITTEN, piano)]
    changed, written = as_by_piano(sounds, ["onsets"])
    assert changed == Measured(0, "organ", replace(organ, onsets=3.0))
    assert written == sounds[1]
