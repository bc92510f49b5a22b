"""The networks, by name.

Each takes grey values 0-255, float32 (n, 48, 48, 1); scaling them is part of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from converter.data.fer2013 import SIDE
from converter.networks import literature
from converter.networks.edges import edges
from converter.networks.fused_normalization import FusedNormalization
from converter.networks.outputs import FACE, MOODS, VOTES, as_input
from converter.networks.prototypes import NearestPrototypes


def paper(mood_count: int) -> keras.Model:
    """Build the paper's CNN, layer by layer: 2.34 million parameters for three moods."""
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
    return keras.Model(crop, softmax(x, mood_count, MOODS), name="paper")


def residual(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build a residual network: 0.7 million parameters, 46 million multiply-adds.

    Its blocks are two 3x3 convolutions with a shortcut. models/RUNS.md says what it was compared with.
    """
    return _residual_network("residual", mood_count, side, ((32, 1), (64, 2), (128, 2)))


def slim(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build a narrower and deeper one: 0.5 million parameters, 33 million multiply-adds."""
    return _residual_network("slim", mood_count, side, ((24, 1), (48, 2), (96, 3)))


def deep(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build a student for large teachers: 1.3 million parameters, 86 million multiply-adds."""
    return _residual_network("deep", mood_count, side, ((32, 2), (64, 3), (144, 3)))


def wide(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build `residual` with twice the widths, a teacher for two cores: four times the multiply-adds."""
    return _residual_network("wide", mood_count, side, ((64, 1), (128, 2), (256, 2)), stem=32)


def large(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build a teacher for an accelerator, almost as large as ResNet-18: 7.7 million parameters.

    It needs 266 million multiply-adds. As float16 its weights are smaller than 16 MB.
    """
    return _residual_network("large", mood_count, side, ((64, 2), (128, 2), (256, 2), (384, 2)))


def _residual_network(
    name: str, mood_count: int, side: int | None, stages: Sequence[tuple[int, int]], stem: int = 16
) -> keras.Model:
    """stages: width and number of blocks of each; the first block of a stage halves the side."""
    crop = keras.Input((side, side, 1), name="crop")
    x = layers.Rescaling(1 / 127.5, offset=-1)(crop)
    x = _convolution(x, stem)
    for width, blocks in stages:
        for block in range(blocks):
            x = _block(x, width, strides=2 if block == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(crop, softmax(x, mood_count, MOODS), name=name)


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


def _with_output(features: Callable[[Any], Any]) -> Callable[..., keras.Model]:
    """Complete a network that another module builds up to its features; it has that function's name."""

    def build(mood_count: int, side: int | None = SIDE) -> keras.Model:
        crop = keras.Input((side, side, 1), name="crop")
        return keras.Model(crop, softmax(features(crop), mood_count, MOODS), name=features.__name__)

    return build


def features_knn(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build the features of `efficientnet_lite` with the prototypes nearest to them, which `compare` adds."""
    crop = keras.Input((side, side, 1), name="crop")
    nearness = NearestPrototypes(mood_count, name="prototypes")(literature.efficientnet_lite(crop))
    return keras.Model(crop, softmax(nearness, mood_count, MOODS), name="features_knn")


LITERATURE = (
    *(literature.xception, literature.conv4pool2, literature.conv4pool4, literature.nine_layer),
    *(edges, literature.efficientnet_lite),
)
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "paper": paper,
    "residual": residual,
    "slim": slim,
    "deep": deep,
    "wide": wide,
    "large": large,
    **{features.__name__: _with_output(features) for features in LITERATURE},
    "features_knn": features_knn,
}
# Not trained themselves: `compare` makes them from a trained network.
FITTED = ("features_knn",)


def training_network(
    name: str, mood_count: int, progressive_sizes: Sequence[int], *, votes: bool, face: bool = False
) -> keras.Model:
    """Build the network as it is trained: with named outputs.

    Args:
        name: a key of NETWORKS.
        mood_count: number of classes.
        progressive_sizes: sides of the images that it is trained on. It takes images of any size unless all
            are 48.
        votes: whether it has the output VOTES.
        face: whether it has the output FACE.
    """
    fixed_size = set(progressive_sizes) == {SIDE}
    network = NETWORKS[name](mood_count) if fixed_size else NETWORKS[name](mood_count, side=None)
    outputs = {MOODS: network.output}
    if votes:
        outputs[VOTES] = softmax(network.get_layer(MOODS).input, mood_count, VOTES)
    if face:
        outputs[FACE] = face_output(network.get_layer(MOODS).input)
    return keras.Model(network.inputs, outputs, name=name)


def softmax(features: Any, mood_count: int, name: str) -> Any:
    """Add the output `name` to a network.

    It computes in float32 even if the run is in mixed precision, since a softmax in bfloat16 loses digits.
    """
    return layers.Dense(mood_count, activation="softmax", dtype="float32", name=name)(features)


def face_output(features: Any) -> Any:
    """Add the output FACE to a network: the probability that the crop shows a face, (n, 1)."""
    return layers.Dense(1, activation="sigmoid", dtype="float32", name=FACE)(features)


def predict(network: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities, float32 (n, k), for normalized images, uint8 (n, 48, 48)."""
    return np.asarray(network.predict(as_input(images), batch_size=256, verbose=0), dtype=np.float32)
