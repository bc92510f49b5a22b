"""One training run in one folder: checkpoints, history, and going on after a stop.

The folder holds `run.json` (what was asked), `last.keras` (to go on from), `best.keras` (the best on
PublicTest so far), `history.json` and `history.png`.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from converter import plots
from converter.augmentation import Augmentation
from converter.data import Split
from converter.errors import RunError
from converter.networks import NETWORKS, as_input

BEST = "best.keras"
LAST = "last.keras"
HISTORY = "history.json"
RECIPE = "run.json"


@dataclass(frozen=True)
class Recipe:
    """What decides how a run comes out, besides the data."""

    network: str = "paper"
    moods: tuple[str, ...] = ("happy", "neutral", "sad")
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 1e-3  # at the start; falls to 0 along a cosine
    seed: int = 1
    precision: str = "float32"


def read_recipe(folder: Path) -> Recipe:
    """The recipe of the run in `folder`. Raises RunError."""
    path = folder / RECIPE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Recipe)
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); expected the folder of a training run") from error


def read_history(folder: Path) -> list[dict[str, float]]:
    """What each finished epoch of the run in `folder` scored, in order. Raises RunError."""
    path = folder / HISTORY
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, float]])
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); let the run finish an epoch first") from error


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Shuffled, augmented batches that depend on the seed and the epoch alone, so that a run can go on."""

    def __init__(self, split: Split, augmentation: Augmentation, recipe: Recipe, epoch: int) -> None:
        super().__init__()
        self._split = split
        self._augmentation = augmentation
        self._recipe = recipe
        self._begin(epoch)

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._order = np.random.default_rng((self._recipe.seed, epoch)).permutation(len(self._split))

    def __len__(self) -> int:
        return math.ceil(len(self._split) / self._recipe.batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rows = self._order[index * self._recipe.batch : (index + 1) * self._recipe.batch]
        draw = np.random.default_rng((self._recipe.seed, self._epoch, index))
        return as_input(self._augmentation(self._split.images[rows], draw)), self._split.labels[rows]

    def on_epoch_end(self) -> None:
        self._begin(self._epoch + 1)


class _Keep(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """After each epoch: history, best and last model, each written whole or not at all, `last` at the end."""

    def __init__(self, folder: Path, history: list[dict[str, float]]) -> None:
        super().__init__()
        self._folder = folder
        self._history = history

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        entry = {"epoch": epoch + 1.0} | {name: float(value) for name, value in (logs or {}).items()}
        best = max((e["val_accuracy"] for e in self._history), default=-1.0)
        self._history.append(entry)
        if entry["val_accuracy"] > best:
            self._save(BEST)
        write_whole(self._folder / HISTORY, json.dumps(self._history, indent=1) + "\n")
        self._save(LAST)

    def _save(self, name: str) -> None:
        unfinished = self._folder / f".{name}"
        self.model.save(unfinished)
        unfinished.replace(self._folder / name)


def write_whole(path: Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def train(folder: Path, recipe: Recipe, training: Split, validation: Split, *, resume: bool) -> None:
    """Trains into `folder`, or goes on there. Chooses the best epoch by accuracy on `validation`."""
    _claim(folder, recipe, resume=resume)
    keras.utils.set_random_seed(recipe.seed)
    steps = math.ceil(len(training) / recipe.batch)
    model, history = _compiled(recipe, steps), []
    if (folder / LAST).exists():
        model.optimizer.build(model.trainable_variables)
        model.load_weights(folder / LAST)
        # A stop between the two writes leaves an epoch in the history that `last` does not know.
        history = read_history(folder)[: int(model.optimizer.iterations) // steps]
        _catch_up(model, epochs=len(history), steps=steps)
    model.fit(
        Batches(training, Augmentation(), recipe, epoch=len(history)),
        validation_data=(as_input(validation.images), validation.labels),
        initial_epoch=len(history),
        epochs=recipe.epochs,
        callbacks=[_Keep(folder, history)],
    )
    plots.history(history, folder / "history.png")


def _catch_up(model: keras.Model, epochs: int, steps: int) -> None:
    """Brings to where they were the two draws that Keras makes by itself and writes into no file."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign_add([0, epochs * steps])  # its count of draws
    for _ in range(epochs):
        random.shuffle(list(range(steps)))  # fit shuffles the batches by Python's own generator


def _compiled(recipe: Recipe, steps: int) -> keras.Model:
    keras.config.set_dtype_policy(recipe.precision)
    model = NETWORKS[recipe.network](len(recipe.moods))
    schedule = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _claim(folder: Path, recipe: Recipe, *, resume: bool) -> None:
    """The folder is this run's: new for a start, with the same recipe for going on."""
    asked = json.loads(json.dumps(asdict(recipe)))
    run = folder / RECIPE
    if not resume:
        if run.exists():
            raise RunError(f"{folder}: holds a run already; go on with --resume, or name another --out")
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(run, json.dumps(asked, indent=1) + "\n")
        return
    if not run.exists():
        raise RunError(f"{folder}: holds no run to go on with; leave out --resume to begin one")
    before = json.loads(run.read_text(encoding="utf-8"))
    changed = [f"{k} was {before.get(k)}, now {v}" for k, v in asked.items() if before.get(k) != v]
    if changed:
        raise RunError(f"{folder}: --resume needs the options of the first start: {'; '.join(changed)}")
