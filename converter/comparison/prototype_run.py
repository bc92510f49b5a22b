"""Makes from a trained network one that answers with the votes of prototypes, as a run of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.fer2013 import SIDE
from converter.networks.architectures import predict, training_network
from converter.networks.prototypes import prototypes
from converter.networks.saved_models import features, restore
from converter.training.recipes import Recipe
from converter.training.run_folder import BEST, HISTORY, claim, read_history, write_history
from device.vision.normalization import normalize_all

SHARPNESSES = np.exp2(np.arange(-8.0, 5.0))  # of the prototypes' weights
SCALES = np.exp2(np.arange(0.0, 6.0))  # of the votes, before the softmax


def add_prototypes(trained: Path, folder: Path, recipe: Recipe, splits: Mapping[str, Split]) -> None:
    """Make the run in `folder`, unless it is there.

    Args:
        trained: the folder of a finished run of the network that gives the features.
        folder: to make.
        recipe: of the run to make; its network is that of `trained` with `PrototypeVotes` on top.
        splits: Training, from which the prototypes come, and PublicTest, on which the scales are chosen.
    """
    if (folder / HISTORY).exists():
        return
    training, public = (
        (split, normalize_all(split.images, recipe.augmentation.normalization))
        for split in (splits["Training"], splits["PublicTest"])
    )
    mood_count = len(recipe.moods)
    body = features(restore(trained / BEST))
    network = training_network(recipe.network, mood_count, (SIDE,), votes=False)
    found = prototypes(predict(body, training[1]), training[0].labels, mood_count, recipe.seed)
    asked, labels = predict(body, public[1]), public[0].labels
    sharpness = float(min(SHARPNESSES, key=lambda each: found.loss(asked, labels, each)))
    scale = _best_scale(found.shares(asked, sharpness), labels)
    of_output = [scale * np.eye(mood_count), np.zeros(mood_count)]
    network.set_weights([*body.get_weights(), *found.weights(sharpness), *of_output])
    shutil.rmtree(folder, ignore_errors=True)  # without its history it is not finished
    claim(folder, recipe, resume=False)
    network.save(folder / BEST, include_optimizer=False)
    write_history(folder, read_history(trained))


def _best_scale(votes: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """With which the probabilities fit the labels best."""
    below_best = (votes - votes.max(axis=1, keepdims=True)).astype(np.float64)

    def loss(scale: float) -> float:
        logits = scale * below_best
        of_label = logits[np.arange(len(labels)), labels]
        return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - of_label))

    return float(min(SCALES, key=loss))
