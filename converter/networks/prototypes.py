"""Prototypes that vote for moods: what of the k nearest neighbours can run on the box.

TensorFlow cannot convert the search for the k nearest of many stored faces to integers. So the faces are
replaced by the centres of their clusters. Each centre votes for the moods of its cluster's faces, the more so
the nearer it is, and the more faces it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

COUNT = 256
LEAST_SHARE = 1e-3  # of the votes: what a label gets at least when the votes are compared with labels


# Saved models contain the name of this class, so it cannot be renamed.
@keras.saving.register_keras_serializable("moodbox")
class PrototypeVotes(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Says which share of the prototypes' votes each mood gets.

    A prototype's weight falls with the square of its distance from the features f that are asked about, as
    exp(-sharpness·|f - p|²/2). What all have in common cancels out, so a dense layer and a softmax suffice.
    """

    def __init__(self, mood_count: int, **options: Any) -> None:
        """Make a layer for `mood_count` moods."""
        super().__init__(**{"trainable": False, **options})
        self.mood_count = mood_count

    def build(self, input_shape: Any) -> None:
        """Make room for the weights of `Prototypes.weights`."""
        shapes = {"kernel": (input_shape[-1], COUNT), "offsets": (COUNT,), "votes": (COUNT, self.mood_count)}
        self.kernel, self.offsets, self.votes = (
            self.add_weight(shape=shape, initializer="zeros", name=name, trainable=False)
            for name, shape in shapes.items()
        )

    def call(self, inputs: Any) -> Any:
        """Return the shares, (n, mood_count), for features, (n, d)."""
        weights = keras.ops.softmax(keras.ops.matmul(inputs, self.kernel) + self.offsets)
        return keras.ops.matmul(weights, self.votes)

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make the layer again."""
        return {**super().get_config(), "mood_count": self.mood_count}


@dataclass(frozen=True)
class Prototypes:
    """Clusters of faces.

    Attributes:
        centres: float32, (COUNT, d).
        sizes: float32, (COUNT,): how many faces each stands for.
        votes: float32, (COUNT, mood_count): the share of each mood among these.
    """

    centres: NDArray[np.float32]
    sizes: NDArray[np.float32]
    votes: NDArray[np.float32]

    def weights(self, sharpness: float) -> list[NDArray[np.float32]]:
        """Return the weights of a `PrototypeVotes`."""
        halves = (self.centres**2).sum(axis=1) / 2
        return [sharpness * self.centres.T, np.log(self.sizes) - sharpness * halves, self.votes]

    def shares(self, features: NDArray[np.float32], sharpness: float) -> NDArray[np.float32]:
        """Return what the layer says for features, (n, d): (n, mood_count)."""
        kernel, offsets, votes = self.weights(sharpness)
        logits = features @ kernel + offsets
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True) @ votes, dtype=np.float32)

    def loss(self, features: NDArray[np.float32], labels: NDArray[np.int64], sharpness: float) -> float:
        """Return how badly the shares fit the labels, (n,), as a cross-entropy."""
        of_label = self.shares(features, sharpness)[np.arange(len(labels)), labels]
        return float(-np.mean(np.log(np.maximum(of_label, LEAST_SHARE))))


def prototypes(
    features: NDArray[np.float32], labels: NDArray[np.int64], mood_count: int, seed: int
) -> Prototypes:
    """Cluster faces by k-means.

    Args:
        features: (n, d). If there are fewer faces than prototypes, some are prototypes repeatedly.
        labels: (n,), 0 to `mood_count` - 1.
        mood_count: number of moods.
        seed: of the clusters.
    """
    moods = np.eye(mood_count, dtype=np.float32)
    if len(features) <= COUNT:
        again = np.resize(np.arange(len(features)), COUNT)
        return Prototypes(features[again], np.ones(COUNT, np.float32), moods[labels[again]])
    cv2.setRNGSeed(seed)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 30, 1e-3)
    start = np.zeros((len(features), 1), dtype=np.int32)
    _, cluster, centres = cv2.kmeans(features, COUNT, start, until, 1, cv2.KMEANS_PP_CENTERS)
    votes = np.zeros((COUNT, mood_count), np.float32)
    np.add.at(votes, cluster.ravel().astype(np.int64), moods[labels])
    sizes = np.maximum(votes.sum(axis=1), 1)  # k-means leaves no cluster empty, but its last step may
    return Prototypes(np.asarray(centres, np.float32), sizes, votes / sizes[:, np.newaxis])
