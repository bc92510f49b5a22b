"""Which pictures show the same photograph, though cut, scaled, mirrored or stamped a little otherwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

SIDE = 16
# The correlation of two small pictures. By eye: every pair drawn from .95 and up was one photograph, and
# below .94 strangers with the same pose came in.
ALIKE = 0.95
CHUNK = 500  # pictures held against all others at once: beside all of Training 115 MB


def alike(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each of `images`, uint8 (n, side, side), shows what one of `others`, (m, side, side), shows."""
    return twins(images, others) >= 0


def twins(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Which of `others`, uint8 (m, side, side), shows what each of `images`, (n, side, side), shows.

    (n,): an index, of the likest where there are several, or -1 where there is none.
    """
    known = np.concatenate([_small(others), _small(others[:, :, ::-1])]).T
    looked_at = _small(images)
    found = []
    for i in range(0, len(images), CHUNK):
        likeness = looked_at[i : i + CHUNK] @ known
        found.append(np.where(likeness.max(axis=1) >= ALIKE, likeness.argmax(axis=1) % len(others), -1))
    return np.concatenate(found)


def _small(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each picture as a vector of length 1, (n, SIDE * SIDE), free of its brightness and contrast."""
    small = [cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in images]
    vectors: NDArray[np.float32] = np.stack(small).reshape(len(images), -1).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors
