"""Finds near duplicates: versions of one photograph, cropped, scaled, mirrored or stamped differently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.vision.opencv import cv2

SIDE = 16
# Two images count as near duplicates from this correlation of their 16x16 miniatures. All pairs that were
# inspected by eye at .95 and above were one photograph; below .94 some were other people in the same pose.
MIN_CORRELATION = 0.95
CHUNK = 500  # images that are compared at once: against all of Training this takes 115 MB


def has_near_duplicate(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell for each image whether `others` contain a near duplicate.

    Args:
        images: uint8, (n, side, side).
        others: uint8, (m, side, side).

    Returns:
        bool, (n,).
    """
    return near_duplicate_of(images, others) >= 0


def near_duplicate_of(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Find the near duplicate of each image among `others`.

    Args:
        images: uint8, (n, side, side).
        others: uint8, (m, side, side).

    Returns:
        int64, (n,): an index into `others`, of the one with the highest correlation; -1 if there is none.
    """
    candidates = np.concatenate([_miniatures(others), _miniatures(others[:, :, ::-1])]).T
    miniatures = _miniatures(images)
    found = []
    for i in range(0, len(images), CHUNK):
        correlation = miniatures[i : i + CHUNK] @ candidates
        best = correlation.argmax(axis=1) % len(others)
        found.append(np.where(correlation.max(axis=1) >= MIN_CORRELATION, best, -1))
    return np.concatenate(found)


def _miniatures(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each image as a vector of mean 0 and length 1, (n, SIDE * SIDE), so that a product is a correlation."""
    small = [cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in images]
    vectors: NDArray[np.float32] = np.stack(small).reshape(len(images), -1).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors
