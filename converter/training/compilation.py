"""Compiles the network of a run: optimizer, losses and metrics."""

from __future__ import annotations

from typing import Any

import keras

from converter.networks.architectures import training_network
from converter.networks.outputs import FACE, MOODS, VOTES
from converter.training.recipes import Recipe


def cosine(recipe: Recipe, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate of a run with `steps` batches in an epoch: warmup, then down a cosine to 0."""
    warmup_steps = recipe.warmup_epochs * steps
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup_steps else recipe.learning_rate,
        recipe.epochs * steps - warmup_steps,
        warmup_target=recipe.learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def network_of(recipe: Recipe, precision: str | None = None) -> keras.Model:
    """Build the network of a run, in the recipe's precision or another."""
    keras.config.set_dtype_policy(precision or recipe.precision)
    return training_network(
        recipe.network,
        len(recipe.moods),
        recipe.progressive_sizes,
        votes=bool(recipe.votes_weight),
        face=bool(recipe.face_weight),
    )


def compiled(recipe: Recipe, rate: float | keras.optimizers.schedules.LearningRateSchedule) -> keras.Model:
    """Build the network with optimizer, losses and metrics.

    Args:
        recipe: of the run.
        rate: the learning rate.
    """
    model = network_of(recipe)
    compile_for(model, recipe, rate)
    return model


def compile_for(
    model: keras.Model, recipe: Recipe, rate: float | keras.optimizers.schedules.LearningRateSchedule
) -> None:
    """Give the network of a run its optimizer, losses and metrics, and freeze what it does not train."""
    if recipe.only_face:
        for layer in model.layers:
            layer.trainable = layer.name == FACE
    average: dict[str, Any] = {
        "use_ema": bool(recipe.ema_momentum),
        "ema_momentum": recipe.ema_momentum or 0.99,
    }
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay, **average
        )
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **average)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    label_loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    losses = {MOODS: label_loss, VOTES: "categorical_crossentropy", FACE: "binary_crossentropy"}
    weights = {MOODS: 1.0, VOTES: recipe.votes_weight, FACE: recipe.face_weight}
    weights = {output: weight for output, weight in weights.items() if weight}
    model.compile(
        optimizer,
        {output: losses[output] for output in weights},
        loss_weights=weights,
        weighted_metrics={output: ["accuracy"] for output in weights},
    )
