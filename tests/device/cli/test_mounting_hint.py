"""`moodbox look` and `moodbox check` say which `camera.rotate` a camera needs that was mounted otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from device.cli.mounting_hint import mounting_hint
from device.config.settings import Camera, Look, Settings
from device.mood import Face
from device.vision import detector
from device.vision.cameras.mounting import rotated, upright
from device.vision.frame import Frame
from device.vision.model_card import read_card
from device.vision.observation import FaceAnalyzer, observe
from device.vision.pictures import read_picture
from device.vision.tflite import interpreter
from tests.device.cli.commands import moodbox
from tests.device.conftest import HAPPY, NEUTRAL

CARD = read_card(Settings().model.file())
PICTURE: Frame = np.ascontiguousarray(read_picture(HAPPY)[::2, ::2])  # a smaller one is searched faster


def hint_for(frame: Frame, camera: Camera | None = None, found: Face | None = None) -> str | None:
    settings = Settings(camera=camera or Camera())
    return mounting_hint(frame, CARD, settings, found)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("already", [0, 90, 180, 270])
@pytest.mark.parametrize("mounted", [90, 180, 270])
def test_the_hinted_rotation_makes_the_face_upright(mounted: int, already: int, mirror: bool) -> None:
    seen = rotated(PICTURE, mounted)
    mounting = Camera(rotate=already, mirror=mirror)  # type: ignore[arg-type]
    hint = hint_for(upright(seen, mounting), mounting)
    right = (360 - mounted) % 360
    expected = f"the face seems to be upright only in the rotated frame: try rotate = {right} in [camera]"
    assert hint == (None if already == right else expected)


def test_there_is_no_hint_without_a_face() -> None:
    assert hint_for(np.full((240, 320), 128, np.uint8)) is None


def test_a_face_below_the_settings_smallest_face_gives_no_hint() -> None:
    upside_down = rotated(PICTURE, 180)
    assert hint_for(upside_down)
    large = Settings(look=Look(min_face=0.8))
    assert mounting_hint(upside_down, CARD, large) is None


@pytest.mark.parametrize(("degrees", "searched"), [(0, [0]), (180, [0, 90, 180, 270])])
def test_the_rotated_frames_are_searched_unless_the_face_of_the_look_is_upright(
    degrees: int, searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look takes this upside-down face for one, too."""
    frame = rotated(read_picture(NEUTRAL), degrees)
    found = observe(FaceAnalyzer(Settings().model, Settings().look), [frame], Settings().look).face
    assert found
    angles = []

    def recorded(picture: Frame, angle: int) -> Frame:
        angles.append(angle)
        return rotated(picture, angle)

    monkeypatch.setattr("device.vision.cameras.rotation.rotated", recorded)
    assert bool(hint_for(frame, found=found)) == (degrees != 0)
    assert angles == searched


def test_without_the_cascade_a_look_says_its_mood_and_why_there_is_no_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look with the other detector does not read that cascade."""
    monkeypatch.setattr(detector, "CASCADES", tmp_path / "none")
    file = tmp_path / "moodbox.toml"
    file.write_text(f'[look]\ndetector = "lbp"\n[service]\nstate = "{tmp_path}"\n')
    result = moodbox("look", "--camera", f"images:{HAPPY}", "--settings", file)
    assert result.returncode == 0
    assert "happy" in result.stdout
    [line] = result.stderr.splitlines()
    assert "how the camera is mounted cannot be told" in line
    assert str(tmp_path / "none") in line


def test_check_loads_the_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def recorded(model: Path, runtime: str) -> Any:
        loaded.append(model)
        return interpreter(model, runtime)

    monkeypatch.setattr("device.vision.classifier.interpreter", recorded)
    (tmp_path / "moodbox.toml").touch()
    checked = moodbox("check", "--camera", f"images:{HAPPY}", "--settings", tmp_path / "moodbox.toml")
    assert "gives 386x400" in checked.stdout
    assert len(loaded) == 1


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
