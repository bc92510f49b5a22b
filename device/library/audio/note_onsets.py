"""Counts the moments at which notes begin, with a small network that also hears notes that begin slowly.

Struck and plucked notes begin with a rise of the spectrum. Bowed, blown and sung notes hardly do, and each
instrument in its own way. So a convolutional network sees how the spectrum changes within 23 to 370 ms, and
what is around that (as Schlüter & Böck 2014, but much smaller). `moodbox-converter hear-fit` fitted it to
rendered music, of which it is known when notes begin.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from device.config.settings import MODELS
from device.errors import ModelError
from device.library.audio.notes import FLUX_RANGE_DB, HOPS_PER_WINDOW
from device.library.audio.rhythm import DYNAMIC_RANGE_DB
from device.library.audio.spectra import Samples, decibels, moving_means

Levels = NDArray[np.float64]

CARD = MODELS / "note_onsets.json"
FORMAT = 1
COSINE_FLOOR = 1e-6
# Frames between two spectra that are compared.
MEL_LAGS, SEMITONE_LAGS, NEW_LAGS, NOTE_LAGS = (1, 2, 4, 8), (1, 2, 4, 8, 16), (2, 4, 8, 16), (1, 2, 4, 8)
STRONGEST = 4  # bands that rise most, of which the mean is taken, too
STRONGEST_NOTES = 3
SMOOTHING = 5  # frames over which levels are averaged before vibrato is told from new notes
NOTE_RANGE_DB = 24.0
NOTES_SCALE = 4.0  # few of all notes change at a time
SCALE, OFFSET = 50.0, 0.3  # changes count by their logarithm, because ears hear ratios
SIGNALS = 3 * len(MEL_LAGS) + 4 * len(SEMITONE_LAGS) + 2 * len(NEW_LAGS) + 4 * len(NOTE_LAGS) + 2
LIKELY = 0.2  # a peak of the probability above this is an onset: the fit finds about as many as there are


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A convolution over time: `weights` is of shape (frames, inputs, outputs), `bias` of (outputs,)."""

    weights: list[list[list[float]]]
    bias: list[float]


class OnsetNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """Layers of which all but the first and the last end in a rectifier, the last in a logistic function."""

    format: int
    layers: Annotated[list[Layer], msgspec.Meta(min_length=1)]
    about: dict[str, Any] = {}


@cache
def shipped_network() -> OnsetNetwork:
    """Return the network that this version of the box ships.

    Raises:
        ModelError: it is missing or damaged.
    """
    try:
        network = msgspec.json.decode(CARD.read_bytes(), type=OnsetNetwork)
    except (OSError, ValueError) as error:
        raise ModelError(f"{CARD} cannot be used: {error}") from error
    if network.format != FORMAT:
        raise ModelError(f"{CARD} is for another version of moodbox: install this one again")
    return network


def onset_signals(mel: Levels, semitones: Levels, activations: Samples, hop_ratio: float) -> Samples:
    """Return how the spectrum and the notes change around each frame, shape (frames, SIGNALS).

    Args:
        mel: levels of bands on the mel scale in dB, from -DYNAMIC_RANGE_DB to 0, one row per frame.
        semitones: the same of semitones, from -FLUX_RANGE_DB to 0; frames that one has and the other has not
            are left out.
        activations: how strongly each note sounds.
        hop_ratio: how many frames lie between two rows of activations.
    """
    length = min(len(mel), len(semitones))
    bands = _from_0_to_1(mel[:length], DYNAMIC_RANGE_DB)
    tones = _from_0_to_1(semitones[:length], FLUX_RANGE_DB)
    changes = [column for lag in MEL_LAGS for column in _changes(bands, lag, STRONGEST)]
    for lag in SEMITONE_LAGS:
        changes += [*_changes(tones, lag, STRONGEST), _distance(tones, lag)]
    changes += _new(tones)
    # The middle of a row of activations is the middle of its window, as that of a frame is.
    rows = np.round((np.arange(length) + 1) / hop_ratio - HOPS_PER_WINDOW / 2).astype(int)
    rows = np.clip(rows, 0, len(activations) - 1)
    loud = float(np.percentile(activations.max(1), 95))
    notes = _from_0_to_1(decibels(activations, loud, NOTE_RANGE_DB), NOTE_RANGE_DB)
    for lag in NOTE_LAGS:
        rise, fall, strongest = _changes(notes, lag, STRONGEST_NOTES)
        distance = _distance(np.sqrt(activations), lag)
        changes += [column[rows] for column in (NOTES_SCALE * rise, NOTES_SCALE * fall, strongest, distance)]
    columns = [np.log(np.maximum(column, 0) * SCALE + OFFSET) for column in changes]
    columns += [levels.mean(1) if levels.size else np.zeros(length) for levels in (bands, tones)]
    return np.asarray(np.stack(columns, axis=1), np.float32)


def _from_0_to_1(decibels_below: Levels, dynamic_range: float) -> Samples:
    return np.asarray(decibels_below / dynamic_range + 1, np.float32)


def _changes(levels: Samples, lag: int, count: int) -> tuple[Samples, Samples, Samples]:
    """Return the mean rise of the bands in `lag` frames, their mean fall, and the rise of the strongest."""
    rise, fall, strongest = np.zeros((3, len(levels)), np.float32)
    if levels.shape[1] and len(levels) > lag:
        difference = levels[lag:] - levels[:-lag]
        rising = np.maximum(difference, 0)
        rise[lag:] = rising.mean(1)
        fall[lag:] = rise[lag:] - difference.mean(1)
        strongest[lag:] = _strongest(rising, count)
    return rise, fall, strongest


def _strongest(rising: Samples, count: int) -> Samples:
    count = min(count, rising.shape[1])
    return np.asarray(np.partition(rising, -count, axis=1)[:, -count:].mean(1))


def _distance(levels: Samples, lag: int) -> Samples:
    """Return the cosine distance of each frame from the one `lag` frames before."""
    unit = levels / (np.linalg.norm(levels, axis=1, keepdims=True) + COSINE_FLOOR)
    distance = np.zeros(len(levels), np.float32)
    distance[lag:] = 1 - (unit[lag:] * unit[:-lag]).sum(1)
    return distance


def _new(semitones: Samples) -> list[Samples]:
    """Return by how much semitones rise above what they and their neighbours were before.

    So vibrato is no new note (SuperFlux: Böck & Widmer 2013).
    """
    found: list[Samples] = []
    if not semitones.size:
        return [np.zeros(len(semitones), np.float32)] * (2 * len(NEW_LAGS))
    before = np.pad(semitones, ((SMOOTHING // 2, SMOOTHING // 2), (0, 0)), mode="edge")
    smooth = moving_means(before, SMOOTHING).astype(np.float32)
    around = np.max(
        [smooth, np.pad(smooth[:, 1:], ((0, 0), (0, 1))), np.pad(smooth[:, :-1], ((0, 0), (1, 0)))], axis=0
    )
    for lag in NEW_LAGS:
        mean, strongest = np.zeros((2, len(smooth)), np.float32)
        if len(smooth) > lag:
            rising = np.maximum(smooth[lag:] - around[:-lag], 0)
            mean[lag:], strongest[lag:] = rising.mean(1), _strongest(rising, STRONGEST_NOTES)
        found += [mean, strongest]
    return found


def onset_probabilities(signals: Samples, network: OnsetNetwork) -> NDArray[np.float64]:
    """Return for each frame how likely notes begin in it."""
    rows: NDArray[Any] = signals
    for number, layer in enumerate(network.layers):
        weights = np.array(layer.weights, np.float32)
        frames = len(weights)
        padded = np.pad(rows, (((frames - 1) // 2, frames // 2), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, frames, axis=0)
        rows = np.einsum("tif,fio->to", windows, weights, optimize=True) + np.array(layer.bias, np.float32)
        if 0 < number < len(network.layers) - 1:
            rows = np.maximum(rows, 0)
    return 1 / (1 + np.exp(-np.clip(rows[:, 0].astype(np.float64), -50, 50)))


def note_onset_rate(probabilities: NDArray[np.float64], seconds: float) -> float:
    """Return the onsets per second, if there are `seconds` between two frames."""
    middle = probabilities[1:-1]
    peaks = (middle >= probabilities[:-2]) & (middle > probabilities[2:]) & (middle > LIKELY)
    return float(peaks.sum() / (len(probabilities) * seconds))
