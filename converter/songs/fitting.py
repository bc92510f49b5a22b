"""Fits the model of song affect to people's judgements, and measures how well it agrees with them.

Few features and a strong penalty: there are about a hundred pieces. Which features count is chosen for each
group that is left out by the other groups alone, so that the measured agreement includes the choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from converter.songs.people import JudgedPiece
from converter.songs.regression import Values, as_regression, as_scales, fit_ridge
from converter.songs.selection import cross_validated, selected
from converter.songs.sounds import AS_WRITTEN, CHANGES, GAIN, Measured, source_of
from device.library.audio.affect import FORMAT, Scale, SongAffectModel
from device.library.audio.features import FEATURES_VERSION, Features

LOG_OFFSETS = {"onsets": 1.0, "notes": 5.0, "flux": 1.0}  # of features whose logarithm counts
# What the studies in device/library/audio/ name for each.
CANDIDATES = {
    "valence": (
        "onsets", "mode", "key_clarity", "major_triads", "diminished_triads", "harmonic_change",
        "harmonic_irregularity", "chroma_entropy", "attack", "noisiness", "flux_variation", "pulse", "fifths",
    ),
    "energy": (
        "loudness", "onsets", "notes", "flux", "harmonic_change", "harmonic_irregularity", "pitch",
        "low_pitch", "high_pitch", "dynamics", "semitones", "tempo", "decay",
    ),
}  # fmt: skip
PENALTY = 5.0
# A piece whose notes take a second to begin is felt as another piece: measured, but not fitted to.
NOT_FITTED = frozenset({"pad"})
# Arrangements whose instruments are alike. What is measured of one was not fitted to any of its family, so
# that it holds for instruments that the fit does not know.
FAMILIES = {
    "organs": ("organ", "accordion"),
    "orchestra": ("strings", "brass", "flute", "orchestra"),
    "voices": ("choir", "pad"),
    "synthesizers": ("synth", "chip"),
    "plucked": ("guitar", "harp", "folk"),
    "electric": ("band", "rock", "overdrive"),
    "mallets": ("marimba", "musicbox"),
    "keyboards": ("harpsichord", "epiano"),
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}
AS_WRITTEN_SHARE = 0.6  # of a piece's weight; its other versions share the rest
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
        arranged: the correlation for all other arrangements together, without those NOT_FITTED.
        by_arrangement: the mean of the correlations for each of them alone.
        before_mp3: the correlation for the sounds that were encoded as MP3, as they were before.
        by_version: the correlation for each version; changes of those NOT_FITTED do not count.
        r_squared: the share of the variance of people's judgements that is explained, over all versions.
    """

    predicted: Values
    people: Values
    as_written: float
    arranged: float
    by_arrangement: float
    before_mp3: float
    by_version: dict[str, float]
    r_squared: float


@dataclass(frozen=True, eq=False)
class Result:
    """A fitted model, and its agreement with people by "valence" and "energy"."""

    model: SongAffectModel
    agreement: dict[str, Agreement]


def fit(pieces: Sequence[JudgedPiece], measured: Sequence[Measured]) -> Result:
    """Fit the model to all pieces, and measure it on groups that it was not fitted to."""
    versions = np.array([each.version for each in measured])
    sources = np.array([source_of(each.version, pieces[each.piece]) for each in measured])
    count = len(measured) / len(pieces)
    shares = np.where(versions == AS_WRITTEN, AS_WRITTEN_SHARE, (1 - AS_WRITTEN_SHARE) / max(1, count - 1))
    shares[np.isin(sources, list(NOT_FITTED))] = 0
    groups = [pieces[each.piece].group for each in measured]
    families = [FAMILY_OF.get(source, "") for source in sources]
    agreement, regressions = {}, {}
    scales: dict[str, Scale] = {}
    for side, candidates in CANDIDATES.items():
        table = feature_table([each.features for each in measured], candidates)
        people = people_in_plane(pieces, side)[[each.piece for each in measured]]
        predicted = cross_validated(table, people, shares, PENALTY, groups=groups, families=families)
        before_mp3 = [source_of("mp3", pieces[each.piece]) == each.version for each in measured]
        agreement[side] = _agreement(predicted, people, versions, shares, np.array(before_mp3))
        columns = selected(table, people, shares, PENALTY, groups)
        names = [candidates[column] for column in columns]
        fitted = fit_ridge(table[:, columns], people, shares, PENALTY)
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


def as_by_piano(measured: Sequence[Measured], names: Sequence[str]) -> list[Measured]:
    """Return the sounds as if these features were the same on every instrument as in the piece as written.

    So it is seen how much is lost because instruments change these features.
    """
    written = {each.piece: each.features for each in measured if each.version == AS_WRITTEN}
    return [
        replace(
            each,
            features=replace(each.features, **{name: getattr(written[each.piece], name) for name in names}),
        )
        for each in measured
    ]


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


def _agreement(
    predicted: Values,
    people: Values,
    versions: NDArray[np.str_],
    shares: Values,
    before_mp3: NDArray[np.bool_],
) -> Agreement:
    def correlation(chosen: NDArray[np.bool_]) -> float:
        return float(np.corrcoef(predicted[chosen], people[chosen])[0, 1])

    counts = (shares > 0) | np.isin(versions, list(NOT_FITTED))
    by_version = {
        str(version): correlation((versions == version) & counts) for version in sorted(set(versions))
    }
    fitted = sorted(FAMILY_OF.keys() - NOT_FITTED)
    error = np.average(np.square(predicted - people), weights=shares)
    variance = np.average(np.square(people - np.average(people, weights=shares)), weights=shares)
    return Agreement(
        predicted,
        people,
        as_written=by_version[AS_WRITTEN],
        arranged=correlation(np.isin(versions, fitted)),
        by_arrangement=float(np.mean([by_version[name] for name in fitted if name in by_version])),
        before_mp3=correlation(before_mp3 & (shares > 0)),
        by_version=by_version,
        r_squared=float(np.clip(1 - error / variance, 0, 0.98)),
    )


def _about(pieces: Sequence[JudgedPiece], agreement: dict[str, Agreement]) -> dict[str, object]:
    return {
        "fitted_to": f"{len(pieces)} piano arrangements of game music (VGMIDI, Ferreira & Whitehead 2019),"
        " each judged by about 30 people, as piano and rendered with other instruments, transposed, as MP3 at"
        " 64 kbit/s, through a phone's bandwidth, and at other levels",
        "not_tried_on": "singing, lyrics, recordings of real instruments, and most kinds of music",
        "validation": "correlation with people's mean judgement, for games that were left out of the fit;"
        " for other instruments also without their family, such as organs or orchestra",
        "correlation": {
            side: {
                "piano": round(each.as_written, 3),
                "other instruments": round(each.arranged, 3),
                "each other instrument alone, mean": round(each.by_arrangement, 3),
                **{
                    version: round(each.by_version[version], 3)
                    for version in (*CHANGES, GAIN)
                    if version in each.by_version
                },
            }
            for side, each in agreement.items()
        },
    }
