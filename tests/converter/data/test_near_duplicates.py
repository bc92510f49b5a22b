from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from converter.data import near_duplicates as likeness
from converter.data.dataset import Split
from converter.data.near_duplicates import alike, twins


@pytest.fixture
def face(splits: dict[str, Split]) -> NDArray[np.uint8]:
    images: NDArray[np.uint8] = splits["PublicTest"].images
    return np.asarray(images[0])


def again(picture: NDArray[np.generic], known: NDArray[np.uint8]) -> bool:
    return bool(alike(np.clip(picture, 0, 255).astype(np.uint8)[np.newaxis], known[np.newaxis])[0])


def test_a_picture_is_like_itself(face: NDArray[np.uint8]) -> None:
    assert again(face, face)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p[:, ::-1], id="mirrored"),
        pytest.param(lambda p: 0.6 * p + 20, id="in other light"),
        pytest.param(lambda p: cv2.GaussianBlur(p, (0, 0), 1.5), id="blurred"),
        pytest.param(lambda p: cv2.resize(p[1:-1, 1:-1], (48, 48)), id="cut closer"),
        pytest.param(lambda p: cv2.putText(p.copy(), "stock", (4, 28), 0, 0.3, (255,)), id="stamped"),
    ],
)
def test_a_picture_is_known_again(change: object, face: NDArray[np.uint8]) -> None:
    assert callable(change)
    assert again(change(face), face)


def test_two_faces_are_not_one_photograph(splits: dict[str, Split]) -> None:
    test = splits["PublicTest"].images
    assert not any(again(other, test[0]) for other in test[1:])


def test_each_picture_is_held_against_all_others(splits: dict[str, Split]) -> None:
    training, test = splits["Training"].images, splits["PublicTest"].images
    both = np.concatenate([training[:3], test[:2], training[3:6]])
    assert alike(both, test).tolist() == [False] * 3 + [True] * 2 + [False] * 3


def test_a_twin_is_named_by_its_place_mirrored_or_not(splits: dict[str, Split]) -> None:
    training, test = splits["Training"].images, splits["PublicTest"].images
    others = np.concatenate([training[:3], test[:1], test[1:2, :, ::-1]])
    assert twins(test[:3], others).tolist() == [3, 4, -1]


def test_of_several_twins_it_is_the_likest(face: NDArray[np.uint8]) -> None:
    blurred, more = (np.asarray(cv2.GaussianBlur(face, (0, 0), by), np.uint8) for by in (0.8, 1.5))
    for others, likest in (((more, blurred, face), 2), ((more, blurred), 1), ((blurred, more), 0)):
        assert twins(face[np.newaxis], np.stack(others)).tolist() == [likest]


def test_twins_are_found_however_many_pictures_are_held_against_the_others_at_once(
    splits: dict[str, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = splits["PublicTest"].images
    monkeypatch.setattr(likeness, "CHUNK", 5)
    assert twins(test, test).tolist() == list(range(len(test)))
