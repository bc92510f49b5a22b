"""Parts of Keras that training needs and that are not public; pyproject.toml pins the version they fit."""

from __future__ import annotations

import keras


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
