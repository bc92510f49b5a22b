"""Frames under each condition are what the condition's name says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from converter.errors import DataError
from converter.measure.photos import Photo, read_photos
from converter.measure.scenes import (
    CONDITIONS,
    HEIGHT,
    NAMES,
    SMALL_FACE,
    TWO_PEOPLE,
    WIDTH,
    Frame,
    Scene,
    scene,
    scenes,
)
from device.mood import Face
from device.vision.detector import FaceDetector
from device.vision.pictures import read_picture
from tests.converter.conftest import FRONTAL
from tests.device.vision.odd_pictures import encoded


def test_the_face_of_a_scene_has_the_position_and_height_that_the_scene_says(photo_folder: Path) -> None:
    photo = read_picture(photo_folder / "happy" / "0.png")
    placed = scene(photo, 120, np.random.default_rng(1))
    assert placed.frame.shape == (HEIGHT, WIDTH)
    face = FaceDetector(FRONTAL, min_face=0.08).detect(placed.frame)
    assert face is not None
    assert abs(face.x + face.width / 2 - placed.x) < 25
    assert abs(face.y + face.height / 2 - placed.y) < 25
    assert 90 < face.height < 160


def frames(photos: Sequence[Photo], condition: str) -> list[Frame]:
    return [scene.frame for scene in scenes(photos, condition)]


def test_all_conditions_show_the_same_scenes_at_each_call(photo_folder: Path) -> None:
    chosen = read_photos(photo_folder).photos
    by_condition = {name: frames(chosen, name) for name in NAMES}
    for name, shown in by_condition.items():
        assert [frame.shape for frame in shown] == [(HEIGHT, WIDTH)] * len(chosen)
        assert [frame.dtype for frame in shown] == [np.uint8] * len(chosen)
        repeated = frames(chosen, name)
        assert all(np.array_equal(*pair) for pair in zip(shown, repeated, strict=True))
    clean = by_condition["clean"][0]
    assert all(not np.array_equal(clean, shown[0]) for name, shown in by_condition.items() if name != "clean")
    for name in ("dim", "dark", "very dark"):  # bright and dark areas stay where they were
        assert np.corrcoef(clean.ravel(), by_condition[name][0].ravel())[0, 1] > 0.5


def test_each_step_from_clean_to_very_dark_is_darker(photo_folder: Path) -> None:
    photo = read_photos(photo_folder).photos[:1]
    brightness = [frames(photo, name)[0].mean() for name in ("clean", "dim", "dark", "very dark")]
    assert brightness == sorted(brightness, reverse=True)
    assert brightness[-1] < 0.3 * brightness[0]


def test_dark_has_its_gamma_brightness_and_noise() -> None:
    """Gamma 2.5 at 0.7 of the brightness, noise of 6 grey levels."""
    grey = np.full((HEIGHT, WIDTH), 200, np.uint8)
    plain = Scene(grey, 320, 240, 100, np.zeros(grey.shape, np.float32))
    frame = CONDITIONS["dark"](plain, np.random.default_rng(1))
    assert frame.mean() == pytest.approx(255 * 0.7 * (200 / 255) ** 2.5, abs=0.2)
    assert frame.std() == pytest.approx(6, abs=0.2)


def test_a_quarter_of_the_face_is_covered() -> None:
    white = np.full((HEIGHT, WIDTH), 255, np.uint8)
    plain = Scene(white, 320, 240, 100, np.zeros(white.shape, np.float32))
    frame = CONDITIONS["a quarter covered"](plain, np.random.default_rng(1))
    assert np.sum(frame != 255) == pytest.approx(50 * 50, rel=0.05)
    assert (frame[190:291, 270:371] != 255).sum() == np.sum(frame != 255)


def test_of_two_people_the_detector_finds_the_nearer_one(photo_folder: Path) -> None:
    chosen = read_photos(photo_folder).photos
    for photo, placed in zip(chosen, scenes(chosen, TWO_PEOPLE), strict=True):
        face = FaceDetector(FRONTAL, min_face=0.08).detect(placed.frame)
        assert face is not None, photo
        assert face.height > 150
        assert placed.is_face(face)


def test_a_small_face_is_40_pixels_high(photo_folder: Path) -> None:
    (frame,) = frames(read_photos(photo_folder).photos[:1], SMALL_FACE)
    face = FaceDetector(FRONTAL, min_face=0.05).detect(frame)
    assert face is not None
    assert face.height == pytest.approx(40, abs=10)


def test_a_photo_is_in_the_same_scene_whichever_other_photos_there_are(photo_folder: Path) -> None:
    chosen = read_photos(photo_folder).photos
    assert np.array_equal(frames(chosen, "clean")[-1], frames(chosen[-1:], "clean")[0])


@pytest.mark.parametrize(
    ("box", "is_right"),
    [
        (Face(270, 190, 100, 100), True),
        (Face(300, 230, 100, 100), True),  # its centre is 50 px away
        (Face(305, 230, 100, 100), False),
        (Face(295, 215, 50, 50), True),
        (Face(296, 216, 48, 48), False),  # a part of the face
        (Face(220, 140, 200, 200), True),
        (Face(218, 138, 204, 204), False),
    ],
)
def test_a_box_is_in_the_right_place_if_centre_and_size_are_about_those_of_the_face(
    box: Face, is_right: bool
) -> None:
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    placed = Scene(nothing.astype(np.uint8), 320, 240, 100, nothing)
    assert placed.is_face(box) is is_right


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (b"broken", "not a picture that can be read"),
        (encoded(".png", np.zeros((3, 1000), np.uint8)), "640x2 pixels; expected a photo of somebody's head"),
        (encoded(".png", np.zeros((1000, 3), np.uint8)), "2x640 pixels; expected a photo of somebody's head"),
    ],
    ids=["broken", "flat", "slim"],
)
def test_a_file_that_is_no_photo_of_a_head_is_reported(
    photo_folder: Path, content: bytes, reported: str
) -> None:
    (photo_folder / "happy" / "1.png").write_bytes(content)
    with pytest.raises(DataError, match=f"happy/1.png: {reported}"):
        frames(read_photos(photo_folder).photos, "clean")
