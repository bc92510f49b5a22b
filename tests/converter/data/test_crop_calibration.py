"""The crop margin is measured with the device's detector."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data import crop_calibration
from converter.data.dataset import Split
from converter.errors import DataError


def shrink(images: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return the same faces, smaller in their images by `factor`."""
    matrix = np.array([[factor, 0, 24 * (1 - factor)], [0, factor, 24 * (1 - factor)]])
    border = cv2.BORDER_REPLICATE
    return np.stack([cv2.warpAffine(i, matrix, (48, 48), borderMode=border) for i in images]).astype(np.uint8)


def test_it_reports_how_many_faces_it_found_in_how_many_images(splits: dict[str, Split]) -> None:
    measured = crop_calibration.measure(splits["Training"].images, seed=1, count=24)
    assert measured.pictures == 24
    assert 12 < measured.found <= 24
    assert measured.lower <= measured.margin <= measured.upper
    assert measured.margin == round(measured.margin, 2)


def test_smaller_faces_have_a_larger_margin(splits: dict[str, Split]) -> None:
    images = splits["Training"].images[:24]
    near = crop_calibration.measure(images, seed=1)
    far = crop_calibration.measure(shrink(images, 0.8), seed=1)
    assert (1 + far.margin) / (1 + near.margin) == pytest.approx(1 / 0.8, rel=0.08)


def test_the_same_seed_draws_the_same_images(splits: dict[str, Split]) -> None:
    images = splits["Training"].images
    first, repeated = (crop_calibration.measure(images, seed=1, count=12) for _ in range(2))
    assert first == repeated


def test_images_without_a_face_are_refused() -> None:
    with pytest.raises(DataError, match="finds no face in 5 images of Training"):
        crop_calibration.measure(np.zeros((5, 48, 48), np.uint8), seed=1)
