"""The state of a training, in a file of half the size: float16."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np
from numpy.typing import NDArray

from converter.errors import RunError

Arrays = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Checkpoint:
    """How far a training is.

    Attributes:
        progress: 0 to 1; at 1 it is finished.
        epoch: how many epochs it has seen.
        weights: all of the network. Averaged where the training keeps an average, unless the optimizer is
            kept, whose variables have that average.
        optimizer: the optimizer's variables; empty if they are not kept.
    """

    progress: float
    epoch: int
    weights: Arrays
    optimizer: Arrays

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.progress >= 1


def take(
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    progress: float,
    epoch: int,
    *,
    keeps_optimizer: bool,
) -> Checkpoint:
    """Copy the state of a training."""
    if not keeps_optimizer:
        return Checkpoint(progress, epoch, _averaged_weights(network, optimizer), [])
    weights, variables = ([_values(each) for each in of] for of in (network.weights, optimizer.variables))
    return Checkpoint(progress, epoch, weights, variables)


def put_back(
    checkpoint: Checkpoint, network: keras.Model, optimizer: keras.optimizers.Optimizer, path: Path
) -> None:
    """Give a network and the optimizer that trains it the state of the checkpoint in the file `path`.

    Raises:
        RunError: it is one of another network.
    """
    optimizer.build(network.trainable_variables)
    put_back_weights(checkpoint, network, path)
    if checkpoint.optimizer:
        for variable, value in zip(optimizer.variables, checkpoint.optimizer, strict=True):
            variable.assign(value.astype(variable.dtype))


def put_back_weights(checkpoint: Checkpoint, model: keras.Model, path: Path) -> None:
    """Give `model` the weights alone. Raises RunError."""
    if [each.shape for each in checkpoint.weights] != [tuple(each.shape) for each in model.weights]:
        raise RunError(f"{path}: is of another network; name another --out, or remove it")
    model.set_weights(checkpoint.weights)


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all."""
    content: dict[str, NDArray[np.generic]] = {
        "progress": np.array([checkpoint.progress, checkpoint.epoch], np.float64)
    }
    for kind, arrays in (("weights", checkpoint.weights), ("optimizer", checkpoint.optimizer)):
        content |= {f"{kind}_{number:03}": _small(array) for number, array in enumerate(arrays)}
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        np.savez(file, **content)
    unfinished.replace(path)


def read(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None if there is no file.

    Raises:
        RunError: the file is damaged, or another one.
    """
    if not path.exists():
        return None
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
            progress, epoch = content["progress"].tolist()
            weights, optimizer = (
                [content[name].astype(np.float32) for name in sorted(content) if name.startswith(kind)]
                for kind in ("weights", "optimizer")
            )
            return Checkpoint(progress, int(epoch), weights, optimizer)
    except (KeyError, ValueError, EOFError, BadZipFile) as error:
        raise RunError(f"{path}: cannot be read; remove it, and this stage begins again") from error


def _small(array: NDArray[np.float32]) -> NDArray[np.generic]:
    """As float16, but for what counts: a number of steps may be larger than float16 can tell apart."""
    return array if array.ndim == 0 else array.astype(np.float16)


def _values(variable: keras.Variable) -> NDArray[np.float32]:
    return np.array(variable.numpy(), dtype=np.float32)


def _averaged_weights(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> Arrays:
    if not optimizer.use_ema:
        return [_values(weight) for weight in network.weights]
    averages = dict(
        zip(
            (weight.path for weight in network.trainable_variables),
            optimizer._model_variables_moving_average,
            strict=True,
        )
    )
    return [_values(averages.get(weight.path, weight)) for weight in network.weights]
