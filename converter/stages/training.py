"""Trains the network of one stage, and goes on with one that was stopped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from converter.errors import RunError
from converter.networks.backend import use_all_accelerators
from converter.stages import checkpoint
from converter.stages.clock import Progress
from converter.stages.packed import PackedFaces
from converter.training.batch_maker import BatchMaker
from converter.training.batches import Batches, BatchOrder
from converter.training.compilation import compiled
from converter.training.keras_internals import advance_random_state, separate_averaged_weights
from converter.training.recipes import Recipe


@dataclass(frozen=True)
class StageSpec:
    """One training.

    Attributes:
        name: for people.
        recipe: how to train. The learning rate follows the stage's progress, and not the steps alone.
        path: where the checkpoint is kept.
        keeps_optimizer: as in the preset.
        saves_every: as in the preset.
        answers: of the teachers for each training face: for each output, float32, (n, k); none for a teacher.
    """

    name: str
    recipe: Recipe
    path: Path
    keeps_optimizer: bool
    saves_every: int
    answers: Mapping[str, NDArray[np.float32]]


def train(
    stage: StageSpec, faces: PackedFaces, progress: Progress, *, workers: int, share_of_steps: float = 1.0
) -> keras.Model:
    """Train, or go on from the stage's checkpoint; return the network with its averaged weights.

    Args:
        stage: what to train.
        faces: to learn from.
        progress: says when the stage is over.
        workers: number of processes that make the batches.
        share_of_steps: trains only so much, 0-1, for a rehearsal.

    Raises:
        RunError: the checkpoint is one of another network.
    """
    devices = use_all_accelerators()
    recipe = stage.recipe
    keras.utils.set_random_seed(recipe.seed)
    model = compiled(recipe, recipe.learning_rate)
    side = recipe.image_side(recipe.epochs)
    maker = BatchMaker(
        faces.training, recipe, side, faces.squares, stage.answers, faces.candidates, multiple_of=devices
    )
    steps = max(1, round(recipe.epochs * maker.count * share_of_steps))
    order = BatchOrder(maker.count)
    before = checkpoint.read(stage.path)
    if before is not None:
        checkpoint.put_back(before, model, stage.path)
        advance_random_state(model, before.epoch, maker.count)
        if before.finished:
            return model
    schedule = _Schedule(stage, progress, before, epochs=math.ceil(steps / maker.count))
    with Batches(maker, order, schedule.first_epoch, workers) as batches:
        model.fit(
            batches,
            shuffle=False,
            initial_epoch=schedule.first_epoch,
            epochs=schedule.epochs,
            steps_per_epoch=steps if steps < maker.count else None,
            callbacks=[schedule],
            verbose=0,
        )
    separate_averaged_weights(model)
    return model


def is_finished(path: Path) -> bool:
    """Return whether the stage with this checkpoint is over. Raises RunError."""
    state = checkpoint.read(path)
    return state is not None and state.finished


def load(model: keras.Model, path: Path) -> None:
    """Give `model` the weights of a finished stage.

    Raises:
        RunError: there is none, or it is one of another network.
    """
    state = checkpoint.read(path)
    if state is None or not state.finished:
        raise RunError(f"{path}: is not finished; let its stage end first")
    checkpoint.put_back_weights(state, model, path)


class _Schedule(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Sets the learning rate before each epoch, saves checkpoints, and ends the training in time."""

    def __init__(
        self, stage: StageSpec, progress: Progress, before: checkpoint.Checkpoint | None, *, epochs: int
    ) -> None:
        super().__init__()
        self._stage = stage
        self._progress = progress
        self._before = before.progress if before else 0.0
        self._reached = self._before
        self.first_epoch = before.epoch if before else 0
        self.epochs = max(epochs, self.first_epoch + 1)

    def _at(self, epochs_done: int) -> float:
        return self._progress.at(epochs_done / self.epochs, self._before)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        recipe = self._stage.recipe
        rising = min(1.0, (epoch + 1) / (recipe.warmup_epochs + 1))
        falling = (1 + math.cos(math.pi * self._at(epoch))) / 2
        self.model.optimizer.learning_rate = recipe.learning_rate * min(rising, falling)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise RunError(f"{self._stage.name}: its loss is not a number; try --precision float32")
        reached = self._at(epoch + 1)
        if reached + (reached - self._reached) / 2 >= 1:  # another epoch would be too late by more than half
            reached = 1.0
        self._reached = reached
        if reached == 1 or (epoch + 1) % self._stage.saves_every == 0:
            state = checkpoint.take(
                self.model, reached, epoch + 1, keeps_optimizer=self._stage.keeps_optimizer and reached < 1
            )
            checkpoint.write(self._stage.path, state)
        print(
            f"{self._stage.name}: epoch {epoch + 1}, {100 * reached:.0f} % done, loss {loss:.3f}", flush=True
        )
        self.model.stop_training = reached == 1
