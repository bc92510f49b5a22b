from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter import cli, conditions
from converter.conditions import CONDITIONS, FILLS, HEIGHT, NAMES, SMALL, TWO, WIDTH, frames, photos, scene
from device.eyes.camera import read_picture
from device.eyes.card import Crop, Light
from device.eyes.faces import FaceFinder, cut
from device.mood import Mood
from tests.converter.conftest import Refusal
from tests.device.conftest import HAPPY, NEUTRAL

MODEL = Path(__file__).parents[2] / "models" / "mood3.tflite"
FRONTAL = "haarcascade_frontalface_default.xml"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Two photos of each of two moods: head shots from the pictures that moodbox brings."""
    finder = FaceFinder(FRONTAL, least=0.25)
    for mood, path in ((Mood.HAPPY, HAPPY), (Mood.NEUTRAL, NEUTRAL)):
        picture = read_picture(path)
        face = finder.find(picture)
        assert face is not None
        photo = cut(picture, face, Crop(detector=FRONTAL, margin=1 / FILLS - 1, light=Light.AS_IS), 350)
        (tmp_path / mood).mkdir()
        for number in range(2):
            cv2.imwrite(str(tmp_path / mood / f"{number}.png"), photo)
    return tmp_path


def test_every_second_photo_is_for_choosing_and_the_others_for_reporting(album: Path) -> None:
    choosing, reporting = (photos(album, half) for half in ("choosing", "reporting"))
    assert [photo.path.name for photo in choosing] == ["0.png", "0.png"]
    assert [photo.path.name for photo in reporting] == ["1.png", "1.png"]
    assert [photo.mood for photo in choosing] == [Mood.HAPPY, Mood.NEUTRAL]


def test_a_scene_has_its_face_where_and_as_high_as_it_says(album: Path) -> None:
    photo = read_picture(album / "happy" / "0.png")
    seen = scene(photo, 120, np.random.default_rng(1))
    assert seen.frame.shape == (HEIGHT, WIDTH)
    face = FaceFinder(FRONTAL, least=0.08).find(seen.frame)
    assert face is not None
    assert abs(face.x + face.width / 2 - seen.x) < 25
    assert abs(face.y + face.height / 2 - seen.y) < 25
    assert 90 < face.height < 160


def test_all_conditions_are_of_the_same_scenes_and_the_same_each_time(album: Path) -> None:
    shown = photos(album, "choosing")
    every = {name: list(frames(shown, name)) for name in NAMES}
    for name, seen in every.items():
        assert [frame.shape for frame in seen] == [(HEIGHT, WIDTH)] * len(shown)
        assert [frame.dtype for frame in seen] == [np.uint8] * len(shown)
        again = list(frames(shown, name))
        assert all(np.array_equal(*pair) for pair in zip(seen, again, strict=True))
    clean = every["clean"][0]
    assert all(not np.array_equal(clean, seen[0]) for name, seen in every.items() if name != "clean")
    for name in ("dim", "dark", "very dark"):  # so the shadows stay where they were
        assert np.corrcoef(clean.ravel(), every[name][0].ravel())[0, 1] > 0.5


def test_it_grows_darker_from_step_to_step(album: Path) -> None:
    shown = photos(album, "choosing")
    light = [next(frames(shown, name)).mean() for name in ("clean", "dim", "dark", "very dark")]
    assert light == sorted(light, reverse=True)
    assert light[-1] < 0.3 * light[0]


def test_the_dark_is_that_which_was_asked_for(album: Path) -> None:
    """Gamma 2.5 at 0.7 of the light, noise of 6 grey levels."""
    grey = np.full((HEIGHT, WIDTH), 200, np.uint8)
    seen = conditions.Scene(grey, 320, 240, 100, np.zeros(grey.shape, np.float32))
    frame = CONDITIONS["dark"](seen, np.random.default_rng(1))
    assert frame.mean() == pytest.approx(255 * 0.7 * (200 / 255) ** 2.5, abs=0.2)
    assert frame.std() == pytest.approx(6, abs=0.2)


def test_a_quarter_of_the_face_is_covered() -> None:
    white = np.full((HEIGHT, WIDTH), 255, np.uint8)
    seen = conditions.Scene(white, 320, 240, 100, np.zeros(white.shape, np.float32))
    frame = CONDITIONS["a quarter covered"](seen, np.random.default_rng(1))
    assert np.sum(frame != 255) == pytest.approx(50 * 50, rel=0.05)
    assert (frame[190:291, 270:371] != 255).sum() == np.sum(frame != 255)


def test_of_two_people_the_nearer_is_the_one_that_counts(album: Path) -> None:
    for photo, frame in zip(photos(album, "choosing"), frames(photos(album, "choosing"), TWO), strict=True):
        face = FaceFinder(FRONTAL, least=0.08).find(frame)
        assert face is not None, photo
        assert face.height > 150


def test_a_small_face_is_40_pixels_high(album: Path) -> None:
    frame = next(frames(photos(album, "choosing"), SMALL))
    face = FaceFinder(FRONTAL, least=0.05).find(frame)
    assert face is not None
    assert face.height == pytest.approx(40, abs=10)


def test_the_command_prints_and_draws_what_it_measured(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "where"
    asked = f"conditions {MODEL} --photos {album} --condition clean --condition dark --out {out}"
    assert cli.main([*asked.split(), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["condition"], line["photos"]) for line in lines] == [("clean", 2), ("dark", 2)]
    for line in lines:
        assert line["recall"].keys() == {"happy", "neutral"}
        assert line["balanced_accuracy"] == pytest.approx(sum(line["recall"].values()) / 2)
    table = out.with_suffix(".md").read_text()
    assert f"| clean | **{lines[0]['balanced_accuracy']:.3f}** |" in table
    assert cv2.imread(str(out.with_suffix(".png"))) is not None


def test_a_folder_without_photos_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    line = refusal("conditions", MODEL, "--photos", tmp_path, code=2)
    assert "no photos; expected folders named angry, disgust" in line
