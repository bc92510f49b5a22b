"""Crops with and without a face come from the detector itself, in scenes that are known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data.face_candidates import FaceCandidates, find_candidates, read_backgrounds
from converter.errors import DataError
from tests.converter import drawn


@pytest.fixture(scope="module")
def faces() -> NDArray[np.uint8]:
    return np.stack([drawn.face(drawn.MOODS[i % 3], np.random.default_rng(i)) for i in range(20)])


@pytest.fixture(scope="module")
def walls() -> list[NDArray[np.uint8]]:
    """Walls with blobs, some of which look a little like a face to the cascade."""
    pictures = []
    for seed in range(3):
        wall = np.full((480, 640), 120, np.uint8)
        generator = np.random.default_rng(seed)
        for x, y, radius, grey in generator.integers((0, 0, 5, 0), (640, 480, 50, 256), (150, 4)).tolist():
            cv2.circle(wall, (x, y), radius, (grey,), cv2.FILLED)
        pictures.append(wall)
    return pictures


@pytest.fixture(scope="module")
def found(faces: NDArray[np.uint8], walls: list[NDArray[np.uint8]]) -> FaceCandidates:
    return find_candidates(faces, walls, seed=1, scenes=24)


def test_there_are_crops_with_and_without_a_face(found: FaceCandidates) -> None:
    assert found.crops.shape == (len(found.is_face), 48, 48)
    assert found.crops.dtype == np.uint8
    assert 5 < found.is_face.sum() < len(found.is_face) - 5


def test_a_crop_with_a_face_is_like_the_faces_and_one_without_is_not(
    found: FaceCandidates, faces: NDArray[np.uint8]
) -> None:
    mean_face = faces.mean(axis=0)[12:36, 12:36].ravel()

    def mean_correlation(crops: NDArray[np.uint8]) -> float:
        centres = [crop[12:36, 12:36].ravel() for crop in crops]
        return float(np.mean([np.corrcoef(mean_face, each)[0, 1] for each in centres if each.std()]))

    assert mean_correlation(found.crops[found.is_face]) > mean_correlation(found.crops[~found.is_face]) + 0.2


def test_the_same_seed_gives_the_same_crops(faces: NDArray[np.uint8], walls: list[NDArray[np.uint8]]) -> None:
    first, again, other = (find_candidates(faces, walls, seed, scenes=4).crops for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pictures_in_which_the_detector_proposes_nothing_are_refused(faces: NDArray[np.uint8]) -> None:
    blank = [np.full((480, 640), 128, np.uint8)]
    with pytest.raises(DataError, match="name other pictures"):
        find_candidates(np.full_like(faces, 128), blank, seed=1, scenes=3)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a folder of pictures without people"):
        read_backgrounds(tmp_path)
