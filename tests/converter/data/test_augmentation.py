"""Random changes to faces stay within their ranges and depend on the generator alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data.augmentation import Augmentation

CENTRE = 23.5  # of 48 pixels


def dot(x: int, y: int, count: int = 200) -> NDArray[np.uint8]:
    """Return `count` equal images with one soft dot, uint8 (count, 48, 48)."""
    image = np.zeros((48, 48), np.uint8)
    cv2.circle(image, (x, y), 2, (255,), cv2.FILLED)
    return np.repeat(image[np.newaxis], count, axis=0)


def dot_positions(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return where the dot is in each image, (n, 2): x and y in pixels from the centre."""
    weight = images / images.sum(axis=(1, 2), keepdims=True)
    grid = np.arange(48) - CENTRE
    return np.stack(
        [(weight * grid).sum(axis=(1, 2)), (weight * grid[:, np.newaxis]).sum(axis=(1, 2))], axis=1
    )


def test_the_same_seed_gives_the_same_changes_and_another_seed_other_ones() -> None:
    images = dot(30, 20)
    first, repeated, different = (Augmentation()(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, repeated)
    assert not np.array_equal(first, different)


def test_the_result_is_a_new_array_of_the_same_shape_and_dtype() -> None:
    images = dot(30, 20)
    before = images.copy()
    moved = Augmentation()(images, np.random.default_rng(1))
    assert moved.shape == images.shape
    assert moved.dtype == np.uint8
    assert np.array_equal(images, before)


def test_each_image_is_changed_differently() -> None:
    moved = Augmentation()(dot(30, 20, count=8), np.random.default_rng(1))
    assert len(np.unique(moved, axis=0)) == 8


def test_with_all_ranges_at_zero_nothing_changes() -> None:
    images = dot(30, 20)
    still = Augmentation(degrees=0, scale=0, shift=0, flip=False)
    assert np.array_equal(still(images, np.random.default_rng(1)), images)


def test_a_flip_mirrors_about_half_of_the_images() -> None:
    images = dot(30, 20)
    moved = Augmentation(degrees=0, scale=0, shift=0)(images, np.random.default_rng(1))
    mirrored = [np.array_equal(image, images[0, :, ::-1]) for image in moved]
    unchanged = [np.array_equal(image, images[0]) for image in moved]
    assert all(m or u for m, u in zip(mirrored, unchanged, strict=True))
    assert 70 < sum(mirrored) < 130


def test_a_shift_stays_within_its_share_of_the_side() -> None:
    moved = Augmentation(degrees=0, scale=0, shift=0.08, flip=False)(dot(24, 24), np.random.default_rng(1))
    farthest = np.abs(dot_positions(moved) - 0.5).max(axis=0)
    assert (farthest <= 0.08 * 48 + 0.1).all()
    assert (farthest > 0.07 * 48).all()


def test_a_rotation_stays_within_its_degrees_and_keeps_the_distance_from_the_centre() -> None:
    moved = Augmentation(degrees=12, scale=0, shift=0, flip=False)(dot(38, 24), np.random.default_rng(1))
    x, y = dot_positions(moved).T
    assert np.hypot(x, y) == pytest.approx(14.5, abs=0.3)
    angle = np.abs(np.degrees(np.arctan2(y, x)) - 2)  # the dot starts 2 degrees below the horizontal
    assert 11 < angle.max() <= 12.5


def test_scaling_stays_within_its_share() -> None:
    moved = Augmentation(degrees=0, scale=0.12, shift=0, flip=False)(dot(38, 24), np.random.default_rng(1))
    factor = dot_positions(moved)[:, 0] / 14.5
    assert 0.87 < factor.min() < 0.9
    assert 1.1 < factor.max() < 1.13


def test_pixels_from_outside_the_image_repeat_its_edge() -> None:
    white = np.full((50, 48, 48), 255, np.uint8)
    assert (Augmentation()(white, np.random.default_rng(1)) == 255).all()
