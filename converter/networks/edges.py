"""Geometric features from edges, after Babajee: a histogram of directions, and distances of parts.

All of it consists of layers with fixed weights, so that it becomes int8 and runs on the box like any
network. Only a small classifier on top of it learns.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from keras import layers
from numpy.typing import NDArray

DIRECTIONS = 8
CELL = 6  # pixels: side of the square over which directions are counted
SHARPNESS = (
    20.0  # of the profile whose middle is the place of a part: higher means nearer to its strongest edge
)
CLASSIFIER = 64  # units


class Window(NamedTuple):
    """Where in a crop of 48 pixels, as FER2013 crops faces, a part of the face is; ends are exclusive."""

    top: int
    bottom: int
    left: int
    right: int


PARTS = {
    "left brow": Window(6, 16, 6, 22),
    "right brow": Window(6, 16, 26, 42),
    "left eye": Window(14, 26, 6, 22),
    "right eye": Window(14, 26, 26, 42),
    "nose": Window(22, 34, 16, 32),
    "left of the mouth": Window(30, 46, 10, 24),
    "right of the mouth": Window(30, 46, 24, 38),
}
# From one part to another, across (x) or down (y).
DISTANCES = (
    ("left brow", "left eye", "y"),
    ("right brow", "right eye", "y"),
    ("left brow", "right brow", "x"),
    ("left eye", "right eye", "x"),
    ("left eye", "left of the mouth", "y"),
    ("right eye", "right of the mouth", "y"),
    ("nose", "left of the mouth", "y"),
    ("nose", "right of the mouth", "y"),
    ("left of the mouth", "right of the mouth", "x"),
)


def edges(crop: Any) -> Any:
    """Build it from grey values, float32 (n, 48, 48, 1), 0-255, up to the classifier's features."""
    directed = _directed_edges(layers.Rescaling(1 / 255)(crop))
    histogram = layers.Flatten()(layers.AveragePooling2D(CELL)(directed))
    features = layers.Concatenate()([histogram, _distances(directed)])
    # The features are small numbers of different spreads.
    x = layers.BatchNormalization(momentum=0.99)(features)
    return layers.Dropout(0.3)(layers.Dense(CLASSIFIER, activation="relu")(x))


def _directed_edges(grey: Any) -> Any:
    """How strong the edges of each direction are, (n, 48, 48, DIRECTIONS): Sobel's two filters, turned."""
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)
    angles = np.arange(DIRECTIONS) * 2 * math.pi / DIRECTIONS
    turned = np.cos(angles) * across[..., np.newaxis] + np.sin(angles) * across.T[..., np.newaxis]
    convolution = layers.Conv2D(DIRECTIONS, 3, padding="same", use_bias=False, activation="relu")
    return _fixed(convolution, grey, turned[:, :, np.newaxis])


def _distances(directed: Any) -> Any:
    """DISTANCES, (n, 9), in sides of the crop; negative if the parts are the other way round."""
    strength = _fixed(
        layers.Conv2D(1, 1, use_bias=False), directed, np.full((1, 1, DIRECTIONS, 1), 1 / DIRECTIONS)
    )
    side = directed.shape[1]
    places = layers.Concatenate()([_place(strength, window, side) for window in PARTS.values()])
    names = list(PARTS)
    differences = np.zeros((2 * len(PARTS), len(DISTANCES)))
    for column, (start, end, axis) in enumerate(DISTANCES):
        differences[2 * names.index(start) + (axis == "y"), column] = -1
        differences[2 * names.index(end) + (axis == "y"), column] = 1
    return _fixed(layers.Dense(len(DISTANCES), use_bias=False), places, differences)


def _place(strength: Any, window: Window, side: int) -> Any:
    """Where the edges of a part are, (n, 2): x and y, in sides of the crop."""
    top, bottom, left, right = window
    part = layers.Cropping2D(((top, side - bottom), (left, side - right)))(strength)
    places = []
    for pool, start, end in (((bottom - top, 1), left, right), ((1, right - left), top, bottom)):
        profile = layers.Reshape((end - start,))(layers.AveragePooling2D(pool)(part))
        share = layers.Softmax()(layers.Rescaling(SHARPNESS)(profile))
        positions = np.arange(start, end)[:, np.newaxis] / side
        places.append(_fixed(layers.Dense(1, use_bias=False), share, positions))
    return layers.Concatenate()(places)


def _fixed(layer: layers.Layer, inputs: Any, weights: NDArray[Any]) -> Any:
    """Apply a layer whose weights are not learned."""
    layer.trainable = False
    outputs = layer(inputs)
    layer.set_weights([weights])
    return outputs
