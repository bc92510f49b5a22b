"""Batches of augmented faces with their targets."""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras
import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.networks.architectures import MOODS, VOTES, as_input
from converter.training.recipes import Recipe


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Shuffled, augmented batches of an epoch.

    They depend on the seed and the epoch alone, so that a resumed run sees the same ones.
    """

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        epoch: int,
        face_squares: NDArray[np.float32] | None = None,
        teacher_predictions: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        """Start with `epoch`, counted from 0.

        Args:
            split: the faces.
            recipe: of the run.
            epoch: all later ones use the image size of this one, since Keras reads an epoch ahead.
            face_squares: float32, (n, 3), as `Augmentation` takes them.
            teacher_predictions: for each output, float32, (n, k).
        """
        super().__init__()
        self._split = split
        self._targets = targets(split, recipe, teacher_predictions or {})
        self._face_squares = face_squares
        self._recipe = recipe
        self._side = recipe.image_side(epoch)
        self._start(epoch)

    def _start(self, epoch: int) -> None:
        self._epoch = epoch
        self._order = np.random.default_rng((self._recipe.seed, epoch)).permutation(len(self._split))

    def __len__(self) -> int:
        return math.ceil(len(self._split) / self._recipe.batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        rows = self._order[index * self._recipe.batch : (index + 1) * self._recipe.batch]
        generator = np.random.default_rng((self._recipe.seed, self._epoch, index))
        squares = None if self._face_squares is None else self._face_squares[rows]
        images = self._recipe.augmentation(self._split.images[rows], generator, squares, self._side)
        batch_targets = {output: target[rows] for output, target in self._targets.items()}
        return _mixup(as_input(images), batch_targets, self._recipe.mixup, generator)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch."""
        self._start(self._epoch + 1)


def targets(
    split: Split, recipe: Recipe, teacher_predictions: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Return what each output is trained to say: FER2013's labels, FER+'s votes, blended with the teachers.

    Args:
        split: the faces.
        recipe: of the run.
        teacher_predictions: for each output, float32, (n, k); empty without teachers.

    Returns:
        For each output, float32, (n, k).
    """
    by_output = {MOODS: np.eye(len(split.moods), dtype=np.float32)[split.labels]}
    if split.votes is not None and recipe.votes_weight:
        by_output[VOTES] = split.votes
    for output, predictions in teacher_predictions.items():
        # A face without votes has all 0, and keeps it, so that it adds nothing to the loss.
        weight = recipe.distillation_weight * by_output[output].any(axis=1, keepdims=True)
        by_output[output] = (1 - weight) * by_output[output] + weight * predictions
    return by_output


def _mixup(
    images: NDArray[np.float32],
    targets: dict[str, NDArray[np.float32]],
    alpha: float,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Blend each face of a batch with another one (mixup, Zhang et al. 2018)."""
    if not alpha:
        return images, targets
    share = generator.beta(alpha, alpha, len(images)).astype(np.float32)
    share = np.maximum(share, 1 - share)[:, np.newaxis]
    partners = generator.permutation(len(images))

    def blend(values: NDArray[np.float32]) -> NDArray[np.float32]:
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(weight * values + (1 - weight) * values[partners], dtype=np.float32)

    return blend(images), {output: blend(target) for output, target in targets.items()}
