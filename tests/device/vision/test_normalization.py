from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.vision.model_card import Light
from device.vision.normalization import DEVIATION, MEAN, normalize, normalize_all
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY


@pytest.fixture
def crop() -> NDArray[np.uint8]:
    picture = read_picture(HAPPY)
    return np.asarray(cv2.resize(picture[60:260, 90:290], (48, 48), interpolation=cv2.INTER_AREA))


def test_as_it_is_nothing_is_changed(crop: NDArray[np.uint8]) -> None:
    assert np.array_equal(normalize(crop, Light.AS_IS), crop)


def test_stretched_it_has_the_mean_and_deviation_that_all_have(crop: NDArray[np.uint8]) -> None:
    seen = normalize(crop, Light.STRETCHED)
    assert seen.dtype == np.uint8
    assert seen.mean() == pytest.approx(MEAN, abs=4)  # what is clipped is missing
    assert seen.std() == pytest.approx(DEVIATION, abs=6)


@pytest.mark.parametrize("light", [Light.STRETCHED, Light.EQUALISED])
def test_half_the_light_makes_no_difference(light: Light, crop: NDArray[np.uint8]) -> None:
    dim = (crop // 2 + 10).astype(np.uint8)
    assert np.abs(normalize(dim, light).astype(int) - normalize(crop, light)).mean() < 4


@pytest.mark.parametrize("light", Light)
@pytest.mark.parametrize("grey", [0, 90, 255])
def test_a_plain_crop_stays_plain(light: Light, grey: int) -> None:
    assert len(np.unique(normalize(np.full((48, 48), grey, np.uint8), light))) == 1


def test_many_are_evened_one_by_one(crop: NDArray[np.uint8]) -> None:
    crops = np.stack([crop, crop[:, ::-1], crop // 3])
    seen = normalize_all(crops, Light.STRETCHED)
    assert all(np.array_equal(one, normalize(c, Light.STRETCHED)) for one, c in zip(seen, crops, strict=True))
