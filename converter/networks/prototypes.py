"""The nearest stored prototype of each mood: what of the k nearest neighbours can run on the box.

TensorFlow cannot convert the search for the k nearest of many stored faces to integers. So the faces of each
mood are replaced by the centres of their clusters, which average out single odd faces as k neighbours do. The
nearest centre of each mood counts.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

OF_EACH_MOOD = 64


# Saved models contain the name of this class, so it cannot be renamed.
@keras.saving.register_keras_serializable("moodbox")
class NearestPrototypes(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Says how near the nearest prototype of each mood is: the larger, the nearer.

    Of two prototypes the nearer one has the larger f·p - |p|²/2, where f are the features of the face that is
    asked about, and p those of the prototype. So a dense layer compares distances.
    """

    def __init__(self, mood_count: int, **options: Any) -> None:
        """Make a layer for `mood_count` moods."""
        super().__init__(**{"trainable": False, **options})
        self.mood_count = mood_count

    def build(self, input_shape: Any) -> None:
        """Make room for the prototypes, those of one mood after those of another."""
        count = self.mood_count * OF_EACH_MOOD
        self.kernel = self.add_weight(
            shape=(input_shape[-1], count), initializer="zeros", name="prototypes", trainable=False
        )
        self.offsets = self.add_weight(shape=(count,), initializer="zeros", name="offsets", trainable=False)

    def call(self, inputs: Any) -> Any:
        """Return the nearness for each mood, (n, mood_count), for features, (n, d)."""
        nearness = keras.ops.matmul(inputs, self.kernel) + self.offsets
        return keras.ops.max(keras.ops.reshape(nearness, (-1, self.mood_count, OF_EACH_MOOD)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return what a saved model needs to make the layer again."""
        return {**super().get_config(), "mood_count": self.mood_count}


def prototypes(
    features: NDArray[np.float32], labels: NDArray[np.int64], mood_count: int, seed: int
) -> list[NDArray[np.float32]]:
    """Cluster the faces of each mood by k-means, and return the weights of a `NearestPrototypes`.

    Args:
        features: (n, d). A mood with fewer than OF_EACH_MOOD faces has some of them as prototypes repeatedly.
        labels: (n,), 0 to `mood_count` - 1; each mood occurs.
        mood_count: number of moods.
        seed: of the clusters.
    """
    cv2.setRNGSeed(seed)
    centres = np.concatenate([_centres(features[labels == mood]) for mood in range(mood_count)])
    return [np.ascontiguousarray(centres.T), -(centres**2).sum(axis=1) / 2]


def _centres(features: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(features) <= OF_EACH_MOOD:
        return np.resize(features, (OF_EACH_MOOD, features.shape[1]))
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 30, 1e-3)
    labels = np.zeros((len(features), 1), dtype=np.int32)
    _, _, centres = cv2.kmeans(features, OF_EACH_MOOD, labels, until, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres, dtype=np.float32)
