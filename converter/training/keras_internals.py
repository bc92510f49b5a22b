"""Parts of Keras that training needs and that are not public; pyproject.toml pins the version they fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras


class DropoutSeed(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Gives each epoch on PyTorch its own random numbers, so that a resumed run draws what a whole one does.

    There Keras' dropout draws from PyTorch's one generator, and not from the layer's, which is in the model.
    """

    def __init__(self, seed: int) -> None:
        """Take the run's seed."""
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Seed PyTorch's generator."""
        if keras.backend.backend() == "torch":
            keras.utils.set_random_seed(self._seed * 1000 + epoch)


def swap_averaged_weights(model: keras.Model) -> None:
    """Exchange the weights of `model` with their moving average, if its optimizer keeps one.

    Keras' own callback SwapEMAWeights adds and subtracts the two, which rounds: a resumed run would no longer
    give the same history as one that was not stopped.
    """
    optimizer = model.optimizer
    if not optimizer.use_ema:
        return
    averages = optimizer._model_variables_moving_average
    for weight, average in zip(model.trainable_variables, averages, strict=True):
        before = weight.numpy()
        weight.assign(average)
        average.assign(before)


def separate_averaged_weights(model: keras.Model) -> None:
    """Give the weights memory of their own after `fit`, whose end replaces them with their moving average.

    On JAX both are then one array, and the next `fit` fails, since it hands each array to the device once.
    """
    if model.optimizer.use_ema:
        for weight in model.trainable_variables:
            weight.assign(weight.numpy().copy())


def advance_random_state(model: keras.Model, epochs: int, steps: int) -> None:
    """Advance the random states that a saved model lacks, those of dropout, by epochs of `steps` batches."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign_add([0, epochs * steps])  # it counts the draws
