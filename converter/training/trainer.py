"""One training run in one folder: checkpoints, history, and going on after a stop.

The folder holds `run.json` (what was asked), `last.keras` (to go on from), `best.keras` (the best on
PublicTest so far), `history.json` and `history.png`.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from converter.data import crop_calibration as framing
from converter.data.augmentation import Augmentation
from converter.data.dataset import SIDE, Split
from converter.errors import RunError
from converter.measure import plots
from converter.networks import architectures as networks
from converter.networks.architectures import MOODS, VOTES, as_input
from converter.training import distillation as teaching
from device.vision.normalization import normalize_all

BEST = "best.keras"
LAST = "last.keras"
HISTORY = "history.json"
RECIPE = "run.json"
SQUARES = "squares.npy"


@dataclass(frozen=True)
class Recipe:
    """What decides how a run comes out, besides the data."""

    network: str = "paper"
    moods: tuple[str, ...] = ("happy", "neutral", "sad")
    epochs: int = 60
    batch: int = 64
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 1e-3  # at its highest; falls to 0 along a cosine
    warmup: int = 0  # epochs in which it rises from 0
    weight_decay: float = 0.0  # of each weight, a step, times the learning rate
    smoothing: float = 0.0  # of FER2013's label, spread over all moods
    votes: float = 0.0  # how much a second output, for FER+'s votes, weighs beside the label's
    average: float = 0.0  # how much of a running mean of the weights stays at each step; that mean is kept
    mixup: float = 0.0  # each face laid over another by a share from Beta(mixup, mixup), targets too; 0: none
    start: tuple[str, ...] = ()  # models of other runs, to begin with the mean of their weights
    teachers: tuple[str, ...] = ()  # models of other runs whose answers make up a part of the targets
    taught: float = 0.5  # how large that part is
    sides: tuple[int, ...] = (SIDE,)  # of the pictures, in equal parts of the epochs: small ones go faster
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 1
    precision: str = "float32"

    def side(self, epoch: int) -> int:
        return self.sides[min(epoch * len(self.sides) // self.epochs, len(self.sides) - 1)]


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

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        epoch: int,
        squares: NDArray[np.float32] | None = None,
        taught: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        super().__init__()
        self._split = split
        self._targets = _targets(split, recipe, taught or {})
        self._squares = squares
        self._recipe = recipe
        self._side = recipe.side(epoch)  # Keras reads an epoch ahead, and wants one side throughout
        self._begin(epoch)

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._order = np.random.default_rng((self._recipe.seed, epoch)).permutation(len(self._split))

    def __len__(self) -> int:
        return math.ceil(len(self._split) / self._recipe.batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        rows = self._order[index * self._recipe.batch : (index + 1) * self._recipe.batch]
        draw = np.random.default_rng((self._recipe.seed, self._epoch, index))
        squares = None if self._squares is None else self._squares[rows]
        images = self._recipe.augmentation(self._split.images[rows], draw, squares, self._side)
        targets = {output: target[rows] for output, target in self._targets.items()}
        return _mixed(as_input(images), targets, self._recipe.mixup, draw)

    def on_epoch_end(self) -> None:
        self._begin(self._epoch + 1)


def _targets(
    split: Split, recipe: Recipe, taught: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """What each output should say: moods by FER2013's label, votes by FER+, a part of both by teachers."""
    targets = {MOODS: np.eye(len(split.moods), dtype=np.float32)[split.labels]}
    if split.votes is not None and recipe.votes:
        targets[VOTES] = split.votes
    for output, answers in taught.items():
        # A face without votes stays without: all 0.
        weight = recipe.taught * targets[output].any(axis=1, keepdims=True)
        targets[output] = (1 - weight) * targets[output] + weight * answers
    return targets


def _mixed(
    images: NDArray[np.float32],
    targets: dict[str, NDArray[np.float32]],
    mixup: float,
    draw: np.random.Generator,
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Each face of a batch with some of another one over it (mixup, Zhang et al. 2018)."""
    if not mixup:
        return images, targets
    share = draw.beta(mixup, mixup, len(images)).astype(np.float32)
    share = np.maximum(share, 1 - share)[:, np.newaxis]
    other = draw.permutation(len(images))

    def mix(values: NDArray[np.float32]) -> NDArray[np.float32]:
        by = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(by * values + (1 - by) * values[other], dtype=np.float32)

    return mix(images), {output: mix(target) for output, target in targets.items()}


class _Keep(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """After each epoch: history, best and last model, each written whole or not at all, `last` at the end.

    Where a mean of the weights is kept, it is what gets validated, and what `best` holds.
    """

    def __init__(self, folder: Path, history: list[dict[str, float]]) -> None:
        super().__init__()
        self._folder = folder
        self._history = history

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._swap()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._swap()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        entry = {"epoch": epoch + 1.0}
        entry |= {name.replace(f"{MOODS}_", ""): float(value) for name, value in (logs or {}).items()}
        best = max((e["val_accuracy"] for e in self._history), default=-1.0)
        self._history.append(entry)
        if entry["val_accuracy"] > best:
            self._swap()
            self._save(BEST, include_optimizer=False)
            self._swap()
        write_whole(self._folder / HISTORY, json.dumps(self._history, indent=1) + "\n")
        self._save(LAST)

    def _swap(self) -> None:
        """Changes the weights and their running mean for each other."""
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            return
        for weight, mean in zip(
            self.model.trainable_variables, optimizer._model_variables_moving_average, strict=True
        ):
            before = weight.numpy()
            weight.assign(mean)
            mean.assign(before)

    def _save(self, name: str, **options: Any) -> None:
        unfinished = self._folder / f".{name}"
        self.model.save(unfinished, **options)
        unfinished.replace(self._folder / name)


def write_whole(path: Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def train(
    folder: Path,
    recipe: Recipe,
    training: Split,
    validation: Split,
    *,
    resume: bool,
) -> None:
    """Trains into `folder`, or goes on there. Chooses the best epoch by accuracy on `validation`."""
    if recipe.votes and training.votes is None:
        raise RunError("the recipe wants FER+'s votes: name fer2013new.csv with --votes")
    keras.utils.set_random_seed(recipe.seed)
    steps = math.ceil(len(training) / recipe.batch)
    model, history = _compiled(recipe, steps), []
    begun = (folder / LAST).exists()
    if recipe.start and not begun:
        networks.start_from(model, _with_places(recipe.start, recipe.moods))
    taught = teaching.answers(
        _with_places(recipe.teachers, recipe.moods),
        normalize_all(training.images, recipe.augmentation.light),
        list(model.output),
    )
    # Only now, so that what is refused leaves no folder that holds a run.
    _claim(folder, recipe, resume=resume)
    if begun:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(folder / LAST)
        # A stop between the two writes leaves an epoch in the history that `last` does not know.
        history = read_history(folder)[: int(model.optimizer.iterations) // steps]
        _catch_up(model, epochs=len(history), steps=steps)
    seen = normalize_all(validation.images, recipe.augmentation.light)
    squares = _squares(folder, recipe, training)
    # A fit for each side, since Keras holds on to the shape of the first batch that it sees.
    for end in (*range(1, recipe.epochs), recipe.epochs):
        if end < recipe.epochs and recipe.side(end) == recipe.side(end - 1):
            continue
        model.fit(
            Batches(training, recipe, len(history), squares, taught),
            validation_data=(as_input(seen), _targets(validation, recipe, {})),
            validation_batch_size=256,
            initial_epoch=len(history),
            epochs=end,
            callbacks=[_Keep(folder, history)],
            verbose=2,
        )
    plots.history([history], folder / "history.png")


def _with_places(models: Sequence[str], moods: Sequence[str]) -> dict[Path, list[int]]:
    """For each model of another run, where `moods` stand among those of that run. Raises RunError."""
    places = {}
    for path in map(Path, models):
        theirs = read_recipe(path.parent).moods
        if missing := set(moods) - set(theirs):
            raise RunError(f"{path}: does not know {', '.join(sorted(missing))}")
        places[path] = [theirs.index(mood) for mood in moods]
    return places


def _squares(folder: Path, recipe: Recipe, training: Split) -> NDArray[np.float32] | None:
    """Where the device's detector sees the faces; it takes minutes, so it is kept for going on."""
    if not recipe.augmentation.framed:
        return None
    path = folder / SQUARES
    if not path.exists():
        np.save(folder / f".{SQUARES}", framing.squares(training.images))
        (folder / f".{SQUARES}").replace(path)
    squares: NDArray[np.float32] = np.load(path)
    return squares


def _catch_up(model: keras.Model, epochs: int, steps: int) -> None:
    """Brings to where they were the two draws that Keras makes by itself and writes into no file."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign_add([0, epochs * steps])  # its count of draws
    for _ in range(epochs):
        random.shuffle(list(range(steps)))  # fit shuffles the batches by Python's own generator


def _compiled(recipe: Recipe, steps: int) -> keras.Model:
    keras.config.set_dtype_policy(recipe.precision)
    model = networks.trainable(recipe.network, len(recipe.moods), recipe.sides, votes=bool(recipe.votes))
    rise = recipe.warmup * steps
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if rise else recipe.learning_rate,
        recipe.epochs * steps - rise,
        warmup_target=recipe.learning_rate if rise else None,
        warmup_steps=rise,
    )
    mean: dict[str, Any] = {"use_ema": bool(recipe.average), "ema_momentum": recipe.average or 0.99}
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay, **mean
        )
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **mean)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing)
    weights = {MOODS: 1.0} | ({VOTES: recipe.votes} if recipe.votes else {})
    losses = {MOODS: loss, VOTES: "categorical_crossentropy"}
    model.compile(
        optimizer,
        {output: losses[output] for output in weights},
        loss_weights=weights,
        metrics={output: ["accuracy"] for output in weights},
    )
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
