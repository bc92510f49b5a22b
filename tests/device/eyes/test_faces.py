from __future__ import annotations

import cv2
import numpy as np
import pytest

from device.errors import ModelError
from device.eyes.camera import read_picture
from device.eyes.card import Crop, Light
from device.eyes.faces import FaceFinder, cut
from device.mood import Face
from tests.device.conftest import HAPPY, NEUTRAL

FRONTAL = "haarcascade_frontalface_default.xml"


def test_a_face_is_found_where_it_is() -> None:
    face = FaceFinder(FRONTAL, least=0.25).find(read_picture(HAPPY))
    assert face is not None
    assert abs(face.x + face.width / 2 - 190) < 40  # the middle of her face, read off the picture
    assert 100 < face.width < 200


def test_the_largest_face_wins() -> None:
    near = read_picture(NEUTRAL)
    far = cv2.resize(read_picture(HAPPY), None, fx=0.7, fy=0.7)
    frame = np.full((400, near.shape[1] + far.shape[1]), 128, np.uint8)
    frame[: far.shape[0], : far.shape[1]] = far
    frame[:, far.shape[1] :] = near
    face = FaceFinder(FRONTAL, least=0.15).find(frame)
    assert face is not None
    assert face.x > far.shape[1]


def test_a_face_below_the_minimum_is_not_looked_for() -> None:
    assert FaceFinder(FRONTAL, least=0.9).find(read_picture(HAPPY)) is None


def test_there_is_no_face_on_a_wall() -> None:
    wall = np.random.default_rng(1).integers(90, 110, (240, 320), dtype=np.uint8)
    assert FaceFinder(FRONTAL, least=0.1).find(wall) is None


def test_a_cascade_that_opencv_does_not_bring_is_named() -> None:
    with pytest.raises(ModelError, match=r"haarcascade_moustache\.xml: no such cascade"):
        FaceFinder("haarcascade_moustache.xml", least=0.1)


GRADIENT = np.tile(np.arange(200, dtype=np.uint8), (100, 1))


@pytest.mark.parametrize(
    ("margin", "first", "last"),
    [(0.0, 60, 107), (0.5, 48, 119), (-0.25, 66, 101)],  # 48 px wide at x=60; half more; a quarter less
)
def test_the_margin_widens_the_square_around_its_middle(margin: float, first: int, last: int) -> None:
    how = Crop(detector=FRONTAL, margin=margin, light=Light.AS_IS)
    crop = cut(GRADIENT, Face(60, 20, 48, 48), how, side=48)
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    assert abs(int(crop[0, 0]) - first) <= 1
    assert abs(int(crop[0, -1]) - last) <= 1


def test_outside_of_the_frame_its_edge_is_repeated() -> None:
    crop = cut(GRADIENT, Face(-24, 0, 48, 48), Crop(detector=FRONTAL, margin=0, light=Light.AS_IS), side=48)
    assert (crop[:, :24] == 0).all()
    assert crop[0, -1] == 23


def test_a_box_that_is_no_square_is_cut_as_one() -> None:
    crop = cut(GRADIENT, Face(50, 30, 20, 40), Crop(detector=FRONTAL, margin=0, light=Light.AS_IS), side=40)
    assert (crop[0] == np.arange(40, 80)).all()
