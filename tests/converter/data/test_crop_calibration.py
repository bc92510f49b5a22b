from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data import crop_calibration as framing
from converter.data.dataset import Split
from converter.errors import DataError


def farther(images: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """The same faces, smaller in their pictures."""
    matrix = np.array([[share, 0, 24 * (1 - share)], [0, share, 24 * (1 - share)]])
    border = cv2.BORDER_REPLICATE
    return np.stack([cv2.warpAffine(i, matrix, (48, 48), borderMode=border) for i in images]).astype(np.uint8)


def test_it_says_how_many_boxes_it_found_in_how_many_pictures(splits: dict[str, Split]) -> None:
    found = framing.measure(splits["Training"].images, seed=1, count=24)
    assert found.pictures == 24
    assert 12 < found.found <= 24
    assert found.lower <= found.margin <= found.upper
    assert found.margin == round(found.margin, 2)


def test_smaller_faces_have_a_larger_margin(splits: dict[str, Split]) -> None:
    images = splits["Training"].images[:24]
    near = framing.measure(images, seed=1)
    far = framing.measure(farther(images, 0.8), seed=1)
    assert (1 + far.margin) / (1 + near.margin) == pytest.approx(1 / 0.8, rel=0.08)


def test_the_same_seed_draws_the_same_pictures(splits: dict[str, Split]) -> None:
    images = splits["Training"].images
    assert framing.measure(images, seed=1, count=12) == framing.measure(images, seed=1, count=12)


def test_pictures_without_a_face_have_no_margin() -> None:
    with pytest.raises(DataError, match="finds no face in 5 pictures of Training"):
        framing.measure(np.zeros((5, 48, 48), np.uint8), seed=1)
