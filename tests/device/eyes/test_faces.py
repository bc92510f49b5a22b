from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.errors import ModelError
from device.eyes import faces
from device.eyes.card import Crop, Light
from device.eyes.faces import FaceFinder, cut
from device.eyes.pictures import read_picture
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


@pytest.mark.parametrize("depth", [3, 6])
def test_there_is_no_face_in_the_blotches_of_a_wall_lit_or_dark(depth: int) -> None:
    finder = FaceFinder(FRONTAL, least=0.08)
    for seed in range(4):
        draw = np.random.default_rng(seed)
        blotches = cv2.GaussianBlur(draw.normal(0, 1, (480, 640)), (0, 0), 4)
        wall = 120 + blotches * depth / blotches.std() + draw.normal(0, 2, blotches.shape)
        for light in (1.0, 0.2):
            assert finder.find((wall * light).clip(0, 255).astype(np.uint8)) is None


def test_a_cascade_that_opencv_does_not_bring_is_named() -> None:
    with pytest.raises(ModelError, match=r"haarcascade_moustache\.xml: no such cascade"):
        FaceFinder("haarcascade_moustache.xml", least=0.1)


def test_opencv_may_lie_in_a_folder_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    """In a process of its own, since OpenCV crashes at such a name."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / FRONTAL).write_bytes((faces.CASCADES / FRONTAL).read_bytes())
    program = (
        "import sys, pathlib; from device.eyes import faces; faces.CASCADES = pathlib.Path(sys.argv[1])\n"
    )
    program += f"faces.FaceFinder({FRONTAL!r}, least=0.25)"
    assert subprocess.run([sys.executable, "-c", program, folder], check=False).returncode == 0


def scene(face: int, *, degrees: float = 0.0, dim: float = 1.0) -> NDArray[np.uint8]:
    """A frame of 640x480 with her in the middle, so large that her face is about `face` pixels high."""
    picture = read_picture(HAPPY)
    scale = face / 150  # her face in the picture
    place = np.array([[scale, 0, 320 - 190 * scale], [0, scale, 240 - 190 * scale]])
    frame = cv2.warpAffine(picture, place, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    turn = cv2.getRotationMatrix2D((320, 240), degrees, 1)
    frame = cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return (frame * dim).astype(np.uint8)


@pytest.mark.parametrize("height", [50, 80, 120, 200])
def test_near_and_far_faces_are_found_at_their_size(height: int) -> None:
    face = FaceFinder(FRONTAL, least=0.08).find(scene(height))
    assert face is not None
    assert height * 0.75 < face.height < height * 1.35
    assert abs(face.x + face.width / 2 - 320) < height * 0.3
    assert abs(face.y + face.height / 2 - 240) < height * 0.3


def test_a_face_is_found_in_the_dark() -> None:
    assert FaceFinder(FRONTAL, least=0.08).find(scene(120, dim=0.08)) is not None


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_leaning_head_is_found_and_cut_upright(degrees: float) -> None:
    finder = FaceFinder(FRONTAL, least=0.08)
    upright, leaning = scene(160), scene(160, degrees=degrees)
    face, leant = finder.find(upright), finder.find(leaning)
    assert face is not None
    assert leant is not None
    assert leant.tilt == (-15 if degrees > 0 else 15)
    how = Crop(detector=FRONTAL, margin=0.1, light=Light.STRETCHED)
    expected = cut(upright, face, how, 48).astype(float)

    def likeness(crop: NDArray[np.uint8]) -> float:
        return float(np.corrcoef(expected.ravel(), crop.ravel())[0, 1])

    seen = likeness(cut(leaning, leant, how, 48))
    assert seen > likeness(cut(leaning, leant._replace(tilt=0), how, 48))
    assert seen > 0.6


def test_the_face_of_the_frame_before_is_followed_past_a_larger_one() -> None:
    finder = FaceFinder(FRONTAL, least=0.08)
    first = scene(100)
    face = finder.find(first)
    assert face is not None
    moved = np.roll(first, (6, -10), axis=(0, 1))
    other = cv2.resize(read_picture(NEUTRAL), None, fx=0.6, fy=0.6)
    moved[: other.shape[0], -other.shape[1] :] = other[:480]
    alone = finder.find(moved)
    assert alone is not None
    assert abs(alone.x - face.x) > 100  # whoever has not seen her before takes the other one
    followed = finder.find(moved, face)
    assert followed is not None
    assert abs(followed.x - (face.x - 10)) < 12
    assert abs(followed.y - (face.y + 6)) < 12


def test_a_face_that_has_gone_is_looked_for_everywhere() -> None:
    finder = FaceFinder(FRONTAL, least=0.08)
    frame = scene(100)
    face = finder.find(frame)
    assert finder.find(frame, Face(5, 5, 90, 90)) == face


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
