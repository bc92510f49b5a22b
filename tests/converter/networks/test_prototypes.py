"""The prototypes vote for the moods of the faces that they stand for, the nearer the more."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from converter.networks.prototypes import COUNT, Prototypes, PrototypeVotes, prototypes


def two_groups() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features around (0, 0), nine in ten of which are of mood 0, and around (9, 9), all of mood 1."""
    generator = np.random.default_rng(1)
    features = generator.normal(size=(1000, 2)).astype(np.float32)
    features[500:] += 9
    labels = np.where(np.arange(1000) < 500, np.arange(1000) % 10 == 0, 1).astype(np.int64)
    return features, labels


def test_near_prototypes_vote_with_the_moods_of_their_faces() -> None:
    found = prototypes(*two_groups(), 2, seed=1)
    near_first, near_second = found.shares(np.array([[0, 0], [9, 9]], np.float32), sharpness=0.5)
    assert near_first == pytest.approx([0.9, 0.1], abs=0.04)
    assert near_second == pytest.approx([0, 1], abs=0.01)


def test_each_prototype_counts_as_often_as_it_stands_for_faces() -> None:
    sizes = np.array([3, 1], np.float32)
    found = Prototypes(np.zeros((2, 4), np.float32), sizes, np.eye(2, dtype=np.float32))
    assert found.shares(np.ones((1, 4), np.float32), sharpness=1)[0] == pytest.approx([0.75, 0.25])


def test_the_layer_says_the_same() -> None:
    features, labels = two_groups()
    found = prototypes(features, labels, 2, seed=1)
    layer = PrototypeVotes(2)
    layer.build((None, 2))
    layer.set_weights(found.weights(0.7))
    asked = features[::50]
    np.testing.assert_allclose(np.asarray(layer(asked)), found.shares(asked, 0.7), atol=1e-4)


def test_the_loss_is_least_where_the_votes_fit_the_labels() -> None:
    features, labels = two_groups()
    found = prototypes(features, labels, 2, seed=1)
    assert found.loss(features, labels, 1.0) < found.loss(features, labels, 0.0)


def test_few_faces_are_all_prototypes() -> None:
    features = np.arange(12, dtype=np.float32).reshape(6, 2)
    found = prototypes(features, np.array([0, 0, 0, 1, 1, 1]), 2, seed=1)
    assert len(found.centres) == COUNT
    assert {tuple(each) for each in found.centres.tolist()} == {tuple(each) for each in features.tolist()}


def test_the_same_seed_gives_the_same_prototypes() -> None:
    features, labels = two_groups()
    first, second = (prototypes(features, labels, 2, seed=3) for _ in range(2))
    for one, other in zip(first.weights(1), second.weights(1), strict=True):
        np.testing.assert_array_equal(one, other)
