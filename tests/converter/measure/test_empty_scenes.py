"""Scenes without people are cut from pictures, and a face that is seen there counts as false."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.cli import main as cli
from converter.errors import DataError
from converter.measure.empty_scenes import CROPS, crops, read_pictures
from converter.measure.scenes import HEIGHT, WIDTH, Frame
from tests.converter.conftest import Refusal
from tests.device.conftest import HAPPY

MODEL = Path(__file__).parents[3] / "models" / "mood3.tflite"


def write(path: Path, picture: Frame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
    return path


def ramp(width: int, height: int) -> Frame:
    """A picture that becomes brighter from left to right, by 200 levels."""
    return np.tile(np.linspace(20, 220, width).astype(np.uint8), (height, 1))


@pytest.mark.parametrize("size", [(1920, 1440), (640, 480), (200, 900)], ids=["large", "frame", "small"])
def test_crops_have_the_size_of_a_frame_and_are_the_same_at_each_call(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = write(tmp_path / "ramp.png", ramp(*size))
    first, again = list(crops(path)), list(crops(path))
    assert [frame.shape for frame in first] == [(HEIGHT, WIDTH)] * CROPS
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))


def test_crops_show_from_a_third_to_all_of_the_picture_but_enlarge_nothing(tmp_path: Path) -> None:
    spans = [int(np.ptp(frame)) for frame in crops(write(tmp_path / "large.png", ramp(3200, 2400)))]
    assert min(spans) >= 200 / 3 - 3
    assert max(spans) - min(spans) > 40
    spans = [int(np.ptp(frame)) for frame in crops(write(tmp_path / "twice.png", ramp(1280, 960)))]
    assert min(spans) >= 200 / 2 - 3


def test_pictures_in_folders_of_the_folder_are_found(tmp_path: Path) -> None:
    write(tmp_path / "a.png", ramp(640, 480))
    write(tmp_path / "deep" / "er" / "b.jpg", ramp(640, 480))
    assert [path.name for path in read_pictures(tmp_path)] == ["a.png", "b.jpg"]


def test_the_command_counts_the_scenes_in_which_a_face_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One picture is a bare wall; the other is of a person, so that a "false" face is certain to be seen."""
    write(tmp_path / "wall.png", ramp(1280, 960))
    picture = cv2.imread(str(HAPPY), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    write(tmp_path / "person.png", np.asarray(picture, dtype=np.uint8))
    capsys.readouterr()
    assert cli.main(["conditions", str(MODEL), "--scenes", str(tmp_path), "--json"]) == 0
    clean, dark = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (clean["condition"], dark["condition"]) == ("clean", "dark")
    assert (clean["pictures"], clean["scenes"]) == (2, 2 * CROPS)
    assert 0 < clean["moods"] <= clean["faces"] <= 0.5
    assert clean["errors"]["faces"] > 0


def test_without_photos_and_scenes_there_is_nothing_to_look_at(refusal: Refusal) -> None:
    line = refusal("conditions", MODEL, code=2)
    assert "nothing to look at: give --photos FOLDER, --scenes FOLDER or both" in line


def test_a_folder_without_pictures_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures; expected a folder of pictures without people"):
        read_pictures(tmp_path)


def test_a_picture_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"broken\.png: not a picture that can be read"):
        list(crops(tmp_path / "broken.png"))
