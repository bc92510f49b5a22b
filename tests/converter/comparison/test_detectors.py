"""`detectors` counts a face only where it is, and a face where nobody is as false."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.cli import main as cli
from converter.comparison.detectors import detectors, measure, table
from converter.measure.photos import read_photos
from device.mood import Face
from device.vision.frame import Frame
from tests.device.conftest import HAPPY

MODEL = Path(__file__).parents[3] / "models" / "mood3.tflite"


def nothing(frame: Frame) -> Face | None:
    return None


def everything(frame: Frame) -> Face | None:
    return Face(0, 0, 5, 5)


def test_a_box_elsewhere_is_not_the_face(photo_folder: Path) -> None:
    photos = list(read_photos(photo_folder).photos)
    found = [measure("", detect, photos, ["clean"], []) for detect in (nothing, everything)]
    assert [each.in_place["clean"].value for each in found] == [0, 0]
    lines = table(found).splitlines()
    assert (len(lines), lines[0]) == (4, "| detector | clean | false faces | ms a frame | ms, nobody there |")


def test_a_face_in_an_empty_scene_is_false(photo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((480, 640), 120, np.uint8))
    photos = list(read_photos(photo_folder).photos)[:1]
    found = [measure("", detect, photos, ["clean"], [path]).false_faces for detect in (nothing, everything)]
    assert [each.value for each in found if each] == [0, 1]


def test_every_detector_finds_a_face_that_looks_into_the_camera() -> None:
    picture = cv2.imread(str(HAPPY), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    faces = {name: detect(np.asarray(picture, np.uint8)) for name, detect in detectors(MODEL).items()}
    assert len(faces) == 6
    assert all(faces.values()), faces


def test_the_command_prints_a_line_for_each_detector(
    photo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["the box's search with LBP", "the box's search"]
    command = ["detectors", str(MODEL), "--photos", str(photo_folder), "--condition", "clean", "--json"]
    assert cli.main([*command, *(word for name in names for word in ("--detector", name))]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["detector"] for line in lines] == names
    assert all(line["in_place"]["clean"]["value"] == 1 for line in lines)
    assert cli.main([*command, "--detector", "a guess"]) == 2
    assert "--detector a guess: unknown; there are Haar, default; Haar, alt;" in capsys.readouterr().err
