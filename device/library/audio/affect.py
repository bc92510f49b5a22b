"""Estimates a song's valence and energy from its audio features, with the model in models/song_affect.json.

The model is a ridge regression for each of both, fitted to what people said about songs by `moodbox-converter
hear-fit`. Its card says to which songs, and how well it agrees with people about others.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache
from typing import Annotated, Any, NamedTuple

import msgspec

from device.config.settings import MODELS
from device.errors import ModelError
from device.library.audio.features import FEATURES_VERSION, Features

CARD = MODELS / "song_affect.json"
FORMAT = 1
MAX_DEVIATION = 1.5  # standard deviations; a song that differs more from those of the fit counts as this much

Positive = Annotated[float, msgspec.Meta(gt=0)]


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a feature becomes a number of standard deviations.

    mean, deviation: of the songs that the model was fitted to.
    log_offset: if it is there, the logarithm of the feature plus this counts, because ears hear its ratios.
    """

    mean: float
    deviation: Positive
    log_offset: Positive | None = None


class Regression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A linear model of valence or energy.

    weights: by feature, for one standard deviation of it.
    middle: for a song with the mean of each feature.
    confidence: by how much its error for other songs is smaller than a guess's, as a share.
    """

    weights: dict[str, float]
    middle: float
    confidence: Annotated[float, msgspec.Meta(ge=0, lt=1)]


class SongAffectModel(msgspec.Struct, frozen=True, kw_only=True):
    """What the device must know of the model; `about` is for people."""

    format: int
    features_version: int
    scales: dict[str, Scale]
    valence: Regression
    energy: Regression
    about: dict[str, Any] = {}


class AudioAffect(NamedTuple):
    """A song's affect estimated from its sound alone, with the confidence of each value; all from 0 to 1."""

    valence: float
    energy: float
    valence_confidence: float
    energy_confidence: float


@cache
def shipped_model() -> SongAffectModel:
    """Return the model that this version of the box ships.

    Raises:
        ModelError: it is missing, damaged, or for another version of the features.
    """
    try:
        model = msgspec.json.decode(CARD.read_bytes(), type=SongAffectModel)
    except (OSError, ValueError) as error:
        raise ModelError(f"{CARD} cannot be used: {error}") from error
    if (model.format, model.features_version) != (FORMAT, FEATURES_VERSION):
        raise ModelError(f"{CARD} is for another version of moodbox: install this one again")
    return model


@cache
def fingerprint() -> str:
    """Identify the model; another one gives the songs another affect."""
    return hashlib.sha256(msgspec.json.encode(shipped_model())).hexdigest()[:16]


def audio_affect_of(features: Features, model: SongAffectModel | None = None) -> AudioAffect:
    """Estimate the affect of a song from its features, by default with the shipped model."""
    model = model or shipped_model()
    deviations = {name: deviation(features, name, scale) for name, scale in model.scales.items()}
    valence, energy = (
        min(1.0, max(0.0, part.middle + sum(part.weights[name] * deviations[name] for name in part.weights)))
        for part in (model.valence, model.energy)
    )
    return AudioAffect(valence, energy, model.valence.confidence, model.energy.confidence)


def deviation(features: Features, name: str, scale: Scale) -> float:
    """Return how far a feature is from that of the fitted songs, in standard deviations."""
    value = float(getattr(features, name))
    if scale.log_offset is not None:
        value = math.log(max(0.0, value) + scale.log_offset)
    return max(-MAX_DEVIATION, min(MAX_DEVIATION, (value - scale.mean) / scale.deviation))
