"""The layer of prototypes names the mood of the nearest one."""

from __future__ import annotations

import numpy as np

from converter.networks.prototypes import OF_EACH_MOOD, NearestPrototypes, prototypes


def test_the_nearest_prototype_of_each_mood_is_found() -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(400, 6)).astype(np.float32)
    labels = np.arange(400) % 2
    kernel, offsets = prototypes(features, labels, 2, seed=1)
    layer = NearestPrototypes(2)
    layer.build((None, 6))
    layer.set_weights([kernel, offsets])
    asked = generator.normal(size=(20, 6)).astype(np.float32)
    distances = ((asked[:, np.newaxis] - kernel.T) ** 2).sum(axis=2).reshape(20, 2, OF_EACH_MOOD).min(axis=2)
    nearness = np.asarray(layer(asked))
    np.testing.assert_allclose(distances, (asked**2).sum(axis=1, keepdims=True) - 2 * nearness, rtol=1e-3)


def test_a_mood_with_few_faces_has_them_all_as_prototypes() -> None:
    features = np.arange(12, dtype=np.float32).reshape(6, 2)
    kernel, _ = prototypes(features, np.array([0, 0, 0, 1, 1, 1]), 2, seed=1)
    for mood in (0, 1):
        of_mood = kernel.T[mood * OF_EACH_MOOD :][:OF_EACH_MOOD]
        assert {tuple(each) for each in of_mood.tolist()} == {
            tuple(each) for each in features[3 * mood : 3 * mood + 3].tolist()
        }


def test_the_same_seed_gives_the_same_prototypes() -> None:
    features = np.random.default_rng(2).normal(size=(300, 4)).astype(np.float32)
    labels = np.zeros(300, dtype=np.int64)
    first, second = (prototypes(features, labels, 1, seed=3) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
