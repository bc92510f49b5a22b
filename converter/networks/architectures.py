"""The networks, by name. Each takes grey values 0-255, float32 (48, 48, 1): preparing is part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from converter.data.dataset import SIDE
from converter.errors import RunError

# The outputs: what FER2013 labels a face, and what FER+'s ten people voted.
MOODS, VOTES = "moods", "votes"


def paper(moods: int) -> keras.Model:
    """The paper's CNN, layer by layer; 2.34 million parameters for three moods."""
    crop = keras.Input((SIDE, SIDE, 1), name="crop")
    x = layers.Rescaling(1 / 255)(crop)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Conv2D(128, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(128, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(1024, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(crop, _answer(x, moods, MOODS), name="paper")


@keras.saving.register_keras_serializable("moodbox")
class FusedNormalization(layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Batch normalisation that trains in one pass of TensorFlow's own kernel.

    Keras works out mean and variance one after the other: an epoch took 62 to 77 s in place of 39.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training:
            return super().call(inputs, training=False)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=tf.convert_to_tensor(self.moving_mean),
            variance=tf.convert_to_tensor(self.moving_variance),
            epsilon=self.epsilon,
            exponential_avg_factor=1.0,
        )
        for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return outputs


def residual(moods: int, side: int | None = SIDE) -> keras.Model:
    """Blocks of two 3x3 convolutions, each with a way around it.

    0.7 million parameters, 46 million multiply-adds. What it was measured against stands in models/RUNS.md.
    """
    return _of_blocks("residual", moods, side, ((32, 1), (64, 2), (128, 2)))


def slim(moods: int, side: int | None = SIDE) -> keras.Model:
    """The same, narrower and a block deeper: 0.5 million parameters, 33 million multiply-adds."""
    return _of_blocks("slim", moods, side, ((24, 1), (48, 2), (96, 3)))


def _of_blocks(name: str, moods: int, side: int | None, stages: Sequence[tuple[int, int]]) -> keras.Model:
    """stages: for each, how wide its blocks are and how many; each begins by halving the side."""
    crop = keras.Input((side, side, 1), name="crop")
    x = layers.Rescaling(1 / 127.5, offset=-1)(crop)
    x = _convolution(x, 16)
    for width, blocks in stages:
        for block in range(blocks):
            x = _block(x, width, strides=2 if block == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(crop, _answer(x, moods, MOODS), name=name)


def _convolution(x: Any, width: int, size: int = 3, strides: int = 1, activation: str | None = "relu") -> Any:
    x = layers.Conv2D(width, size, strides=strides, padding="same", use_bias=False)(x)
    x = FusedNormalization(momentum=0.99, epsilon=1e-3)(x)
    return layers.Activation(activation)(x) if activation else x


def _block(x: Any, width: int, strides: int) -> Any:
    y = _convolution(x, width, strides=strides)
    y = _convolution(y, width, activation=None)
    if strides > 1:
        x = layers.AveragePooling2D(strides)(x)
    if x.shape[-1] != width:
        x = _convolution(x, width, size=1, activation=None)
    return layers.Activation("relu")(layers.Add()([x, y]))


NETWORKS: dict[str, Callable[..., keras.Model]] = {"paper": paper, "residual": residual, "slim": slim}


def trainable(name: str, moods: int, sides: Sequence[int], *, votes: bool) -> keras.Model:
    """The network as it is trained, on pictures of any of `sides`; with a second output if `votes`."""
    network = NETWORKS[name](moods) if set(sides) == {SIDE} else NETWORKS[name](moods, side=None)
    outputs = {MOODS: network.output}
    if votes:
        outputs[VOTES] = _answer(network.get_layer(MOODS).input, moods, VOTES)
    return keras.Model(network.inputs, outputs, name=name)


def _answer(features: Any, moods: int, name: str) -> Any:
    # float32 also where the run is in mixed precision: a softmax in bfloat16 loses digits.
    return layers.Dense(moods, activation="softmax", dtype="float32", name=name)(features)


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 48, 48) uint8 as the networks take it: (n, 48, 48, 1) float32, still 0-255."""
    return images[..., np.newaxis].astype(np.float32)


def predict(network: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's answers, (n, k), to images, uint8 (n, 48, 48), as they are."""
    return np.asarray(network.predict(as_input(images), batch_size=256, verbose=0), dtype=np.float32)


def restore(
    path: Path, *, places: Sequence[int] | None = None, votes: float = 0.0, temperature: float = 1.0
) -> keras.Model:
    """The network that `train` saved in `path`, in float32 whatever precision it was trained in.

    places: the moods to keep, by where they stand among those it learned; all by default.
    votes: how much of its answer comes from the output that learned FER+'s votes; the two are mixed before
    the softmax. temperature: what the result is divided by there. Raises RunError.
    """
    saved = load(path)
    # The layers of a run in mixed precision carry it with them: only a new network is rid of it.
    keras.config.set_dtype_policy("float32")
    weights = saved.get_layer(MOODS).get_weights()
    if votes:
        if VOTES not in saved.output:
            raise RunError(f"{path}: has learned no votes; leave out --votes-share")
        weights = [
            (1 - votes) * label + votes * vote
            for label, vote in zip(weights, saved.get_layer(VOTES).get_weights(), strict=True)
        ]
    if places is not None:
        weights = [weight[..., list(places)] for weight in weights]
    network = NETWORKS[saved.name](weights[-1].shape[0])
    body = [layer for layer in saved.layers if layer.name not in (MOODS, VOTES)]
    answer = [weight / temperature for weight in weights]
    network.set_weights([*(weight for layer in body for weight in layer.get_weights()), *answer])
    return network


def together(members: Sequence[keras.Model]) -> keras.Model:
    """One network that judges as its members do together: their mean before the softmax.

    members: as `restore` gives them, for the same moods. One alone stays as it is.
    """
    if len(members) == 1:
        return members[0]
    crop = keras.Input((SIDE, SIDE, 1), name="crop")
    bodies = [
        keras.Model(member.inputs, member.get_layer(MOODS).input, name=f"{member.name}_{number}")
        for number, member in enumerate(members, start=1)
    ]
    kernels, biases = zip(*(member.get_layer(MOODS).get_weights() for member in members), strict=True)
    # The mean of several dense layers is one, over all that they are given.
    features = layers.Concatenate()([body(crop) for body in bodies])
    name = "_and_".join(member.name for member in members)
    network = keras.Model(crop, _answer(features, biases[0].size, MOODS), name=name)
    answer = [np.concatenate(kernels) / len(members), np.mean(biases, axis=0)]
    network.get_layer(MOODS).set_weights(answer)
    return network


def start_from(model: keras.Model, starts: Mapping[Path, Sequence[int]]) -> None:
    """Gives `model` the weights of another run's, or the mean of those of several.

    starts: for each saved model, where the moods of `model` stand among its own. The mean is of use for runs
    that have begun from one another: others meet in nothing. Raises RunError.
    """
    given = []
    for path, places in starts.items():
        saved = load(path)
        if model.name != saved.name:
            raise RunError(f"{path}: holds a network {saved.name!r}, the run is to train {model.name!r}")
        answers = {
            name: [weight[..., list(places)] for weight in saved.get_layer(name).get_weights()]
            for name in model.output
        }
        body = [layer.get_weights() for layer in saved.layers if layer.name not in (MOODS, VOTES)]
        given.append([*body, *answers.values()])
    ours = [layer for layer in model.layers if layer.name not in (MOODS, VOTES)]
    for layer, *weights in zip([*ours, *map(model.get_layer, model.output)], *given, strict=True):
        layer.set_weights([np.mean(each, axis=0) for each in zip(*weights, strict=True)])


def load(path: Path) -> keras.Model:
    """The network that `train` saved in `path`, with all its outputs. Raises RunError."""
    try:
        saved = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RunError(f"{path}: cannot be loaded ({reason}); expected a model that `train` saved") from error
    if saved.name not in NETWORKS:
        raise RunError(f"{path}: holds a network {saved.name!r}; known are {', '.join(NETWORKS)}")
    return saved
