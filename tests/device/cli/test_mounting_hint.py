"""`moodbox look` and `moodbox check` say which `camera.rotate` a camera needs that was mounted otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.cli.mounting_hint import mounting_hint
from device.config.settings import Camera, Settings
from device.vision.cameras.mounting import rotated, upright
from device.vision.observation import FaceAnalyzer
from device.vision.pictures import read_picture
from tests.device.cli.commands import moodbox
from tests.device.conftest import HAPPY


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer(Settings().model, Settings().look)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("already", [0, 90, 180, 270])
@pytest.mark.parametrize("mounted", [90, 180, 270])
def test_the_hinted_rotation_makes_the_face_upright(
    analyzer: FaceAnalyzer, mounted: int, already: int, mirror: bool
) -> None:
    seen = rotated(read_picture(HAPPY), mounted)
    mounting = Camera(rotate=already, mirror=mirror)  # type: ignore[arg-type]
    hint = mounting_hint(upright(seen, mounting), analyzer, mounting)
    right = (360 - mounted) % 360
    expected = f"the face seems to be upright only in the rotated frame: try rotate = {right} in [camera]"
    assert hint == (None if already == right else expected)


def test_there_is_no_hint_without_a_face(analyzer: FaceAnalyzer) -> None:
    assert mounting_hint(np.full((240, 320), 128, np.uint8), analyzer, Camera()) is None


def test_look_and_check_give_the_hint_and_the_setting_helps(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), rotated(read_picture(HAPPY), 180))
    source = ("--camera", f"images:{tmp_path}/a.png")
    looked = moodbox("look", *source, "--json")
    hint = "the face seems to be upright only in the rotated frame: try rotate = 180 in [camera]"
    assert f"moodbox: {hint}" in looked.stderr.splitlines()
    checked = json.loads(moodbox("check", *source, "--json").stdout)
    (camera,) = (entry for entry in checked if entry["part"] == "camera")
    assert camera["well"]
    assert camera["what"] == f"images:{tmp_path}/a.png gives 386x400; {hint}"

    settings = tmp_path / "moodbox.toml"
    settings.write_text("[camera]\nrotate = 180\n")
    for command in (("look",), ("look", "--each")):
        looked = moodbox(*command, *source, "--settings", str(settings), "--json")
        assert json.loads(looked.stdout)["mood"] == "happy"
        assert "rotate" not in looked.stderr
