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
from converter.networks import literature, residual
from converter.networks.edges import edges
from converter.networks.outputs import FACE, MOODS, VOTES, as_input
from converter.networks.prototypes import PrototypeVotes


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


def _with_output(features: Callable[[Any], Any]) -> Callable[..., keras.Model]:
    """Complete a network that another module builds up to its features; it has that function's name."""

    def build(mood_count: int, side: int | None = SIDE) -> keras.Model:
        crop = keras.Input((side, side, 1), name="crop")
        return keras.Model(crop, softmax(features(crop), mood_count, MOODS), name=features.__name__)

    return build


def features_knn(mood_count: int, side: int | None = SIDE) -> keras.Model:
    """Build the features of `efficientnet_lite` with prototypes that vote, which `compare` adds."""
    crop = keras.Input((side, side, 1), name="crop")
    votes = PrototypeVotes(mood_count, name="prototypes")(literature.efficientnet_lite(crop))
    return keras.Model(crop, softmax(votes, mood_count, MOODS), name="features_knn")


RESIDUAL = (
    *(residual.residual, residual.slim, residual.deep, residual.wide, residual.large),
    *(residual.broad, residual.squeezed, residual.depthwise, residual.fine),
)
LITERATURE = (
    *(literature.xception, literature.conv4pool2, literature.conv4pool4, literature.nine_layer),
    *(edges, literature.efficientnet_lite),
)
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "paper": paper,
    **{features.__name__: _with_output(features) for features in (*RESIDUAL, *LITERATURE)},
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
