"""Fits the model of song affect to people's judgements, and measures how well it agrees with them.

Few features and a strong penalty: there are about a hundred pieces. The features were chosen from those in
device/library/audio/features.py: for each of valence and energy, the feature whose removal cost least was
removed, again and again, as long as the cross-validated correlation did not fall. Brightness was put back for
the energy, because songs with drums and singers differ in it and piano pieces do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converter.songs.people import JudgedPiece
from converter.songs.regression import Values, as_regression, as_scales, cross_validated, fit_ridge
from converter.songs.sounds import AS_WRITTEN, CHANGES, Measured
from device.library.audio.affect import FORMAT, Scale, SongAffectModel
from device.library.audio.features import FEATURES_VERSION, Features

LOG_OFFSETS = {"onsets": 0.3, "notes": 0.5, "flux": 1.0}  # of features whose logarithm counts
FEATURES = {
    "valence": (
        "onsets", "mode", "key_clarity", "major_triads", "diminished_triads", "harmonic_change",
        "harmonic_irregularity", "chroma_entropy", "attack", "noisiness", "flux_variation", "pulse",
    ),
    "energy": (
        "loudness", "brightness", "onsets", "notes", "flux", "harmonic_change", "harmonic_irregularity",
        "pitch", "high_pitch", "dynamics", "decay",
    ),
}  # fmt: skip
PENALTY = 3.0
AS_WRITTEN_SHARE = 0.35  # of a piece's weight; its other versions share the rest
# People use the middle of a scale; a library's songs are spread further in the box's plane. A song that
# people judge one standard deviation above the mean of the fitted pieces lies this far above the middle.
PLANE_MIDDLE, PLANE_DEVIATION = 0.5, 0.2


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well predictions for other groups agree with people, for valence or energy.

    Attributes:
        predicted: for each sound, in the unit of the plane.
        people: the same for what people said.
        as_written: the correlation for the pieces as written.
        by_version: the correlation for each version.
        r_squared: the share of the variance of people's judgements that is explained, over all versions.
    """

    predicted: Values
    people: Values
    as_written: float
    by_version: dict[str, float]
    r_squared: float

    def mean_of(self, changed: bool) -> float:
        """Return the mean correlation of the changed versions, or of the other arrangements."""
        chosen = [
            r
            for version, r in self.by_version.items()
            if version != AS_WRITTEN and (version in CHANGES) == changed
        ]
        return float(np.mean(chosen))


@dataclass(frozen=True, eq=False)
class Result:
    """A fitted model, and its agreement with people by "valence" and "energy"."""

    model: SongAffectModel
    agreement: dict[str, Agreement]


def fit(pieces: Sequence[JudgedPiece], measured: Sequence[Measured]) -> Result:
    """Fit the model to all pieces, and measure it on groups that it was not fitted to."""
    versions = np.array([each.version for each in measured])
    count = len(set(versions))
    shares = np.where(versions == AS_WRITTEN, AS_WRITTEN_SHARE, (1 - AS_WRITTEN_SHARE) / max(1, count - 1))
    groups = [pieces[each.piece].group for each in measured]
    agreement, regressions = {}, {}
    scales: dict[str, Scale] = {}
    for side, names in FEATURES.items():
        table = feature_table([each.features for each in measured], names)
        people = people_in_plane(pieces, side)[[each.piece for each in measured]]
        predicted = cross_validated(table, people, shares, groups, PENALTY)
        agreement[side] = _agreement(predicted, people, versions, shares)
        fitted = fit_ridge(table, people, shares, PENALTY)
        confidence = 1 - math.sqrt(1 - agreement[side].r_squared)
        regressions[side] = as_regression(fitted, names, confidence)
        scales |= as_scales(fitted, names, LOG_OFFSETS)
    model = SongAffectModel(
        format=FORMAT,
        features_version=FEATURES_VERSION,
        scales=scales,
        about=_about(pieces, agreement),
        **regressions,
    )
    return Result(model, agreement)


def feature_table(features: Sequence[Features], names: Sequence[str]) -> Values:
    """Return the features as the regression sees them, shape (sounds, names)."""
    table = np.array([[getattr(each, name) for name in names] for each in features], np.float64)
    for column, name in enumerate(names):
        if name in LOG_OFFSETS:
            table[:, column] = np.log(table[:, column] + LOG_OFFSETS[name])
    return table


def people_in_plane(pieces: Sequence[JudgedPiece], side: str) -> Values:
    """Return what people said about each piece, as values of the box's plane."""
    said = np.array([piece.valence if side == "valence" else piece.arousal for piece in pieces])
    return np.asarray(PLANE_MIDDLE + PLANE_DEVIATION * (said - said.mean()) / said.std())


def _agreement(predicted: Values, people: Values, versions: NDArray[np.str_], shares: Values) -> Agreement:
    by_version = {
        str(version): float(np.corrcoef(predicted[versions == version], people[versions == version])[0, 1])
        for version in sorted(set(versions))
    }
    error = np.average(np.square(predicted - people), weights=shares)
    variance = np.average(np.square(people - np.average(people, weights=shares)), weights=shares)
    return Agreement(
        predicted, people, by_version[AS_WRITTEN], by_version, float(np.clip(1 - error / variance, 0, 0.98))
    )


def _about(pieces: Sequence[JudgedPiece], agreement: dict[str, Agreement]) -> dict[str, object]:
    return {
        "fitted_to": f"{len(pieces)} piano arrangements of game music (VGMIDI, Ferreira & Whitehead 2019),"
        " each judged by about 30 people, as piano and rendered with other instruments, transposed, as MP3 at"
        " 64 kbit/s, through a phone's bandwidth, and at other levels",
        "not_tried_on": "singing, lyrics, recordings of real instruments, and most kinds of music",
        "validation": "correlation with people's mean judgement, for games that were left out of the fit",
        "correlation": {
            side: {
                "piano": round(each.as_written, 3),
                "other instruments": round(each.mean_of(changed=False), 3),
                **{
                    version: round(each.by_version[version], 3)
                    for version in CHANGES
                    if version in each.by_version
                },
            }
            for side, each in agreement.items()
        },
    }
