"""Near duplicates are found, and different faces are not taken for them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data import near_duplicates
from converter.data.dataset import Split
from converter.data.near_duplicates import has_near_duplicate, near_duplicate_of


@pytest.fixture
def face(splits: dict[str, Split]) -> NDArray[np.uint8]:
    images: NDArray[np.uint8] = splits["PublicTest"].images
    return np.asarray(images[0])


def is_near_duplicate(image: NDArray[np.generic], original: NDArray[np.uint8]) -> bool:
    """Compare two images; the first may have any dtype."""
    as_grey = np.clip(image, 0, 255).astype(np.uint8)
    return bool(has_near_duplicate(as_grey[np.newaxis], original[np.newaxis])[0])


def test_an_image_is_a_near_duplicate_of_itself(face: NDArray[np.uint8]) -> None:
    assert is_near_duplicate(face, face)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p[:, ::-1], id="mirrored"),
        pytest.param(lambda p: 0.6 * p + 20, id="in other light"),
        pytest.param(lambda p: cv2.GaussianBlur(p, (0, 0), 1.5), id="blurred"),
        pytest.param(lambda p: cv2.resize(p[1:-1, 1:-1], (48, 48)), id="cropped more closely"),
        pytest.param(lambda p: cv2.putText(p.copy(), "stock", (4, 28), 0, 0.3, (255,)), id="stamped"),
    ],
)
def test_a_changed_image_is_a_near_duplicate(change: object, face: NDArray[np.uint8]) -> None:
    assert callable(change)
    assert is_near_duplicate(change(face), face)


def test_different_faces_are_no_near_duplicates(splits: dict[str, Split]) -> None:
    test = splits["PublicTest"].images
    assert not any(is_near_duplicate(image, test[0]) for image in test[1:])


def test_each_image_is_compared_with_all_others(splits: dict[str, Split]) -> None:
    training, test = splits["Training"].images, splits["PublicTest"].images
    both = np.concatenate([training[:3], test[:2], training[3:6]])
    assert has_near_duplicate(both, test).tolist() == [False] * 3 + [True] * 2 + [False] * 3


def test_a_near_duplicate_is_given_by_its_index_whether_mirrored_or_not(splits: dict[str, Split]) -> None:
    training, test = splits["Training"].images, splits["PublicTest"].images
    others = np.concatenate([training[:3], test[:1], test[1:2, :, ::-1]])
    assert near_duplicate_of(test[:3], others).tolist() == [3, 4, -1]


def test_of_several_near_duplicates_the_most_similar_is_given(face: NDArray[np.uint8]) -> None:
    slightly, strongly = (np.asarray(cv2.GaussianBlur(face, (0, 0), by), np.uint8) for by in (0.8, 1.5))
    for others, best in (
        ((strongly, slightly, face), 2),
        ((strongly, slightly), 1),
        ((slightly, strongly), 0),
    ):
        assert near_duplicate_of(face[np.newaxis], np.stack(others)).tolist() == [best]


def test_the_result_does_not_depend_on_how_many_images_are_compared_at_once(
    splits: dict[str, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = splits["PublicTest"].images
    monkeypatch.setattr(near_duplicates, "CHUNK", 5)
    assert near_duplicate_of(test, test).tolist() == list(range(len(test)))
