"""Trains the network that hears when notes begin, and tries it on other games and instruments."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from converter.songs.arrangements import ARRANGEMENTS
from converter.songs.onset_examples import OnsetExample
from converter.songs.people import JudgedPiece
from converter.songs.sounds import AS_WRITTEN, CHANGES, programs_in
from device.library.audio.note_onsets import FORMAT, Layer, OnsetNetwork, note_onset_rate, onset_probabilities
from device.library.audio.spectra import Samples

LAYERS = ((1, 16), (15, 16), (9, 8), (5, 1))  # the frames that each sees, and its outputs
EPOCHS, BATCH, LEARNING_RATE, SEED = 7, 8, 5e-3, 1
GAME_FOLDS, INSTRUMENT_FOLDS = 3, 4
DIGITS = 4  # of the weights that are kept
MIN_DEVIATION = 1e-3


def train(examples: Sequence[OnsetExample], about: dict[str, object] | None = None) -> OnsetNetwork:
    """Train a network; the same examples give the same one."""
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    length = max(len(example.begins) for example in examples)
    every = np.concatenate([example.signals for example in examples])
    means, deviations = every.mean(0), np.maximum(every.std(0), MIN_DEVIATION)
    signals = np.stack([_padded((example.signals - means) / deviations, length) for example in examples])
    begins = np.stack([_padded(example.begins[:, None], length) for example in examples])
    counts = np.stack(
        [_padded(np.ones(len(example.begins), np.float32)[:, None], length) for example in examples]
    )
    network = _network(signals.shape[2])
    steps = EPOCHS * -(-len(examples) // BATCH)
    network.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        "binary_crossentropy",
    )
    network.fit(signals, begins, sample_weight=counts[..., 0], batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return OnsetNetwork(format=FORMAT, layers=list(_layers(network, means, deviations)), about=about or {})


def _padded(rows: Samples, length: int) -> Samples:
    return np.pad(rows, ((0, length - len(rows)), (0, 0))).astype(np.float32)


def _network(inputs: int) -> keras.Model:
    """Return a network with the layers that `onset_probabilities` computes."""
    activations = [None, *["relu"] * (len(LAYERS) - 2), "sigmoid"]
    return keras.Sequential(
        [keras.Input((None, inputs))]
        + [
            keras.layers.Conv1D(outputs, frames, padding="same", activation=activation)
            for (frames, outputs), activation in zip(LAYERS, activations, strict=True)
        ]
    )


def _layers(network: keras.Model, means: Samples, deviations: Samples) -> Iterator[Layer]:
    """Yield the layers; the first one also standardizes."""
    for number, layer in enumerate(network.layers):
        weights, bias = layer.get_weights()
        if number == 0:
            weights = weights / deviations[None, :, None]
            bias = bias - (means @ weights).sum(0)
        yield Layer(
            np.round(weights.astype(float), DIGITS).tolist(), np.round(bias.astype(float), DIGITS).tolist()
        )


def held_out_rates(
    examples: Sequence[OnsetExample], pieces: Sequence[JudgedPiece]
) -> dict[tuple[int, str], float]:
    """Return the onsets per second of each sound, by piece and version, as another network hears them.

    That network was trained neither on the sound nor on any other of its game, nor, except for the piece as
    written, on its instruments. Games and instruments are left out in a few groups.
    """
    folds = game_folds([piece.group for piece in pieces])
    rates: dict[tuple[int, str], float] = {}
    for fold in sorted(set(folds.values())):
        in_fold = {number for number, piece in enumerate(pieces) if folds[piece.group] == fold}
        for names in ({AS_WRITTEN}, *instrument_folds()):
            programs = frozenset().union(*(programs_in(name) for name in names))
            asked = [each for each in examples if each.piece in in_fold and each.source in names]
            others = [each for each in examples if each.piece not in in_fold and not each.programs & programs]
            if asked:
                network = train(others)
                rates |= {(each.piece, each.version): rate(each, network) for each in asked}
    return rates


def rate(example: OnsetExample, network: OnsetNetwork) -> float:
    """Return the onsets per second that a network hears in a sound."""
    return note_onset_rate(onset_probabilities(example.signals, network), example.seconds)


def game_folds(groups: Sequence[str]) -> dict[str, int]:
    """Return a fold for each group, so that folds have about as many pieces: the largest groups first."""
    sizes = [0] * min(GAME_FOLDS, len(set(groups)))
    folds = {}
    for group in sorted(set(groups), key=lambda each: (-groups.count(each), each)):
        folds[group] = int(np.argmin(sizes))
        sizes[folds[group]] += groups.count(group)
    return folds


def instrument_folds() -> list[set[str]]:
    """Return the arrangements in groups drawn by chance, but always the same."""
    names = sorted(ARRANGEMENTS)
    random.Random(SEED).shuffle(names)  # noqa: S311  (no secret)
    return [set(names[number::INSTRUMENT_FOLDS]) for number in range(INSTRUMENT_FOLDS)]


def about(examples: Sequence[OnsetExample], rates: dict[tuple[int, str], float]) -> dict[str, object]:
    """Return what people should know of a network that was trained on these examples."""

    def correlation(versions: Collection[str]) -> float:
        asked = [
            each for each in examples if each.version in versions and (each.piece, each.version) in rates
        ]
        heard = [math.log(rates[each.piece, each.version] + 1) for each in asked]
        return round(float(np.corrcoef(heard, [math.log(each.true_rate + 1) for each in asked])[0, 1]), 3)

    programs = frozenset().union(*(each.programs for each in examples))
    versions = {AS_WRITTEN: [AS_WRITTEN], "other instruments": list(ARRANGEMENTS)} | {
        name: [name] for name in CHANGES
    }
    return {
        "fitted_to": f"{len(examples)} renderings of game music (VGMIDI) with {len(programs)} of"
        " General MIDI's instruments, of which the MIDI files say when notes begin",
        "not_tried_on": "recordings of real instruments, and singing",
        "validation": "correlation of the logarithms of heard and true onsets per second, for games and"
        " instruments that were left out in groups",
        "correlation": {name: correlation(chosen) for name, chosen in versions.items()},
    }
