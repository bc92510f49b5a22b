"""Makes batches of augmented faces with their targets; it loads no Keras, so that workers start fast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.face_candidates import FaceCandidates
from converter.networks.outputs import FACE, MOODS, VOTES, as_input
from converter.training.recipes import Recipe

CANDIDATE_SHARE = 0.5  # crops of the detector for each training face
Targets = dict[str, NDArray[np.float32]]


class BatchMaker:
    """Makes any batch of any epoch of a run.

    A batch depends on the seed, the epoch and its index alone, so that a resumed run sees the same ones, and
    so do runs with more or fewer worker processes.
    """

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        side: int,
        face_squares: NDArray[np.float32] | None = None,
        teacher_predictions: Mapping[str, NDArray[np.float32]] | None = None,
        candidates: FaceCandidates | None = None,
        multiple_of: int = 1,
        fills_last: bool = False,
    ) -> None:
        """Make batches from `split`.

        Args:
            split: the faces.
            recipe: of the run.
            side: of the images, in pixels.
            face_squares: float32, (n, 3), as `Augmentation` takes them.
            teacher_predictions: for each output, float32, (n, k).
            candidates: crops to learn from what is a face; each batch gets as many with a face as without.
            multiple_of: the size of each batch is one of this, so that as many devices get equal parts. The
                last batch of an epoch is filled up with faces of its own.
            fills_last: whether that one is filled up until it is as large as the others, since JAX compiles
                the network anew for each size.
        """
        self._split = split
        self._targets = targets(split, recipe, teacher_predictions or {})
        self._face_squares = face_squares
        self._recipe = recipe
        self._candidates = candidates
        self._side = side
        self._multiple_of = multiple_of
        self._fills_last = fills_last

    @property
    def count(self) -> int:
        """The number of batches in an epoch."""
        return math.ceil(len(self._split) / self._recipe.batch)

    def make(self, epoch: int, index: int) -> tuple[Any, ...]:
        """Return images, targets by output, and, with candidates, weights by output.

        Args:
            epoch: counted from 1, as in a run's history.
            index: of the batch in the epoch, counted from 0.
        """
        order = np.random.default_rng((self._recipe.seed, epoch)).permutation(len(self._split))
        rows = order[index * self._recipe.batch : (index + 1) * self._recipe.batch]
        rows = filled_up(rows, self._recipe.batch if self._fills_last else 1)
        rows = filled_up(rows, self._multiple_of)
        generator = np.random.default_rng((self._recipe.seed, epoch, index))
        squares = None if self._face_squares is None else self._face_squares[rows]
        images = self._recipe.augmentation(self._split.images[rows], generator, squares, self._side)
        batch_targets = {output: target[rows] for output, target in self._targets.items()}
        inputs, batch_targets = _mixup(as_input(images), batch_targets, self._recipe.mixup, generator)
        if self._candidates is None:
            return inputs, batch_targets
        return self._with_candidates(self._candidates, inputs, batch_targets, generator)

    def _with_candidates(
        self,
        candidates: FaceCandidates,
        inputs: NDArray[np.float32],
        targets: Targets,
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.float32], Targets, Targets]:
        """Add crops of the detector. Their mood is not known, so their weight there is 0."""
        count = math.ceil(CANDIDATE_SHARE * len(inputs) / 2 / self._multiple_of) * self._multiple_of
        rows = np.concatenate(
            [
                generator.choice(np.flatnonzero(candidates.is_face == is_face), count)
                for is_face in (True, False)
            ]
        )
        crops = self._recipe.augmentation(candidates.crops[rows], generator, None, self._side)
        weights = {}
        for output, target in targets.items():
            is_face = candidates.is_face[rows, np.newaxis].astype(np.float32)
            added = is_face if output == FACE else np.zeros((len(rows), target.shape[1]), np.float32)
            targets[output] = np.concatenate([target, added])
            known = np.full(len(rows), float(output == FACE), np.float32)
            weights[output] = np.concatenate([np.ones(len(target), np.float32), known])
        return np.concatenate([inputs, as_input(crops)]), targets, weights


def targets(
    split: Split, recipe: Recipe, teacher_predictions: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Return what each output is trained to say: FER2013's labels, FER+'s votes, blended with the teachers.

    Args:
        split: the faces.
        recipe: of the run.
        teacher_predictions: for each output, float32, (n, k); empty without teachers.

    Returns:
        For each output, float32, (n, k). Every face of the split is one for the output FACE.
    """
    by_output = {MOODS: np.eye(len(split.moods), dtype=np.float32)[split.labels]}
    if split.votes is not None and recipe.votes_weight:
        by_output[VOTES] = split.votes
    if recipe.face_weight:
        by_output[FACE] = np.ones((len(split), 1), dtype=np.float32)
    for output, predictions in teacher_predictions.items():
        # A face without votes has all 0, and keeps it, so that it adds nothing to the loss.
        weight = recipe.distillation_weight * by_output[output].any(axis=1, keepdims=True)
        by_output[output] = (1 - weight) * by_output[output] + weight * predictions
    return by_output


def filled_up(values: NDArray[Any], multiple_of: int) -> NDArray[Any]:
    """Return `values`, (n, ...), and the first ones again, until n is a multiple of `multiple_of`."""
    wanted = math.ceil(len(values) / multiple_of) * multiple_of
    return values if wanted == len(values) else values[np.resize(np.arange(len(values)), wanted)]


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
