"""Trains the network of one stage, and goes on with one that was stopped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from converter.stages.student import Student
from converter.training.batch_maker import BatchMaker
from converter.training.batches import Batches, BatchOrder
from converter.training.compilation import compile_for, network_of
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
        answers: of teachers for each training face: for each output, float32, (n, k); none for a teacher.
        teachers: the checkpoints of those that answer to each image that is learned from; none for a teacher.
        teacher: how these were trained; needed if there are any.
    """

    name: str
    recipe: Recipe
    path: Path
    keeps_optimizer: bool
    saves_every: int
    answers: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    teachers: Sequence[Path] = ()
    teacher: Recipe | None = None


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
    network = network_of(recipe)
    model = _with_teachers(network, stage)
    compile_for(model, recipe, recipe.learning_rate)
    count = math.ceil(len(faces.training) / recipe.batch)
    steps = max(1, round(recipe.epochs * count * share_of_steps))
    order = BatchOrder(count)
    before = checkpoint.read(stage.path)
    if before is not None:
        checkpoint.put_back(before, network, model.optimizer, stage.path)
        advance_random_state(network, before.epoch, count)
        if before.finished:
            return network
    candidates = faces.candidates if recipe.face_weight else None
    schedule = _Schedule(network, stage, progress, before, epochs=math.ceil(steps / count))
    while not schedule.over:  # one `fit` for each size of the images, since it keeps that of the first batch
        maker = BatchMaker(
            faces.training,
            recipe,
            schedule.side,
            faces.squares,
            stage.answers,
            candidates,
            multiple_of=devices,
            fills_last=keras.backend.backend() == "jax",
        )
        with Batches(maker, order, schedule.epoch, workers) as batches:
            model.fit(
                batches,
                shuffle=False,
                initial_epoch=schedule.epoch,
                epochs=schedule.epochs,
                steps_per_epoch=steps if steps < count else None,
                callbacks=[schedule],
                verbose=0,
            )
        if not schedule.over:
            network.set_weights(schedule.weights)  # the end of `fit` has replaced them with their average
    separate_averaged_weights(model)
    return network


def _with_teachers(network: keras.Model, stage: StageSpec) -> keras.Model:
    if not stage.teachers:
        return network
    assert stage.teacher
    teachers = []
    for path in stage.teachers:
        teacher = network_of(stage.teacher)
        load(teacher, path)
        teachers.append(teacher)
    return Student(network, teachers, stage.recipe.distillation_weight)


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
    """Sets the learning rate before each epoch, saves checkpoints, and ends the training in time.

    Attributes:
        epoch: how many are done.
        epochs: how many there are at most.
        over: whether the training is.
        side: of the images, in pixels. It ends `fit` when this changes.
        weights: of the network at the end of the last epoch with images of another size.
    """

    def __init__(
        self,
        network: keras.Model,
        stage: StageSpec,
        progress: Progress,
        before: checkpoint.Checkpoint | None,
        *,
        epochs: int,
    ) -> None:
        super().__init__()
        self._network = network
        self._stage = stage
        self._progress = progress
        self._before = before.progress if before else 0.0
        self._reached = self._before
        self.epoch = before.epoch if before else 0
        self.epochs = max(epochs, self.epoch + 1)
        self.side = self._side()
        self.weights: checkpoint.Arrays = []

    @property
    def over(self) -> bool:
        return self._reached == 1

    def _side(self) -> int:
        # By the progress and not by the epochs, so that a training whose time is short ends at the last size.
        recipe = self._stage.recipe
        return recipe.image_side(round(self._reached * recipe.epochs))

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
        self.epoch = epoch + 1
        if self.over or self.epoch % self._stage.saves_every == 0:
            state = checkpoint.take(
                self._network,
                self.model.optimizer,
                reached,
                self.epoch,
                keeps_optimizer=self._stage.keeps_optimizer and not self.over,
            )
            checkpoint.write(self._stage.path, state)
        print(
            f"{self._stage.name}: epoch {self.epoch}, {100 * reached:.0f} % done, loss {loss:.3f}", flush=True
        )
        before, self.side = self.side, self._side()
        if self.side != before:
            self.weights = self._network.get_weights()
        self.model.stop_training = self.over or self.side != before
