from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.vision.normalization import (
    TARGET_DEVIATION,
    TARGET_MEAN,
    Normalization,
    normalize,
    normalize_all,
)
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY


@pytest.fixture
def crop() -> NDArray[np.uint8]:
    picture = read_picture(HAPPY)
    return np.asarray(cv2.resize(picture[60:260, 90:290], (48, 48), interpolation=cv2.INTER_AREA))


def test_without_normalization_the_crop_does_not_change(crop: NDArray[np.uint8]) -> None:
    assert np.array_equal(normalize(crop, Normalization.NONE), crop)


def test_standardized_crops_have_the_same_mean_and_deviation(crop: NDArray[np.uint8]) -> None:
    normalized = normalize(crop, Normalization.STANDARDIZED)
    assert normalized.dtype == np.uint8
    assert normalized.mean() == pytest.approx(TARGET_MEAN, abs=4)  # clipping changes it a little
    assert normalized.std() == pytest.approx(TARGET_DEVIATION, abs=6)


@pytest.mark.parametrize("normalization", [Normalization.STANDARDIZED, Normalization.EQUALIZED])
def test_half_the_brightness_makes_no_difference(
    normalization: Normalization, crop: NDArray[np.uint8]
) -> None:
    dim = (crop // 2 + 10).astype(np.uint8)
    assert np.abs(normalize(dim, normalization).astype(int) - normalize(crop, normalization)).mean() < 4


@pytest.mark.parametrize("normalization", Normalization)
@pytest.mark.parametrize("grey", [0, 90, 255])
def test_a_plain_crop_stays_plain(normalization: Normalization, grey: int) -> None:
    assert len(np.unique(normalize(np.full((48, 48), grey, np.uint8), normalization))) == 1


def test_crops_are_normalized_one_by_one(crop: NDArray[np.uint8]) -> None:
    crops = np.stack([crop, crop[:, ::-1], crop // 3])
    normalized = normalize_all(crops, Normalization.STANDARDIZED)
    assert all(
        np.array_equal(actual, normalize(c, Normalization.STANDARDIZED))
        for actual, c in zip(normalized, crops, strict=True)
    )
