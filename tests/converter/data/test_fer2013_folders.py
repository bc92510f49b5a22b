"""A data set in folders holds whatever people's computers put there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import Split, read
from converter.data.labels import SPLITS
from converter.errors import DataError
from device.mood import Mood
from tests.converter.drawn import MOODS
from tests.device.vision.odd_pictures import APPLE_DOUBLE, encoded, png_of_zeros


def test_a_folder_that_came_from_a_mac_is_read_without_its_hidden_files(tmp_path: Path) -> None:
    face = np.full((48, 48), 7, np.uint8)
    for mood in ("happy", "angry"):
        folder = tmp_path / "train" / mood
        folder.mkdir(parents=True)
        (folder / "._a.png").write_bytes(APPLE_DOUBLE)
        (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(encoded(".png", face))
    split = read(tmp_path, ["Training"], (Mood.HAPPY,))["Training"]
    assert (split.images == face).all()
    assert len(split) == 1


def test_images_of_moods_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    for mood, content in (("happy", encoded(".png", np.zeros((48, 48), np.uint8))), ("angry", b"broken")):
        (tmp_path / "train" / mood).mkdir(parents=True)
        (tmp_path / "train" / mood / "a.png").write_bytes(content)
    assert len(read(tmp_path, ["Training"], (Mood.HAPPY,))["Training"]) == 1
    with pytest.raises(DataError, match=r"angry/a\.png: not a picture"):
        read(tmp_path, ["Training"], (Mood.HAPPY, Mood.ANGRY))


def test_a_giant_image_is_reported(tmp_path: Path) -> None:
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "a.png").write_bytes(png_of_zeros(40_000, 40_000, rows=1))
    with pytest.raises(DataError, match=r"a\.png: too large a picture.*; expected a grey 48x48 one"):
        read(tmp_path, ["Training"], MOODS)


def write_faces(folder: Path, count: int, first: int) -> None:
    """Write faces whose grey value tells them apart."""
    folder.mkdir(parents=True)
    for number in range(count):
        face = np.full((48, 48), first + number, np.uint8)
        (folder / f"{number:03}.png").write_bytes(encoded(".png", face))


@pytest.mark.parametrize("names", [("Happy", "SAD"), ("happiness", "Sadness"), ("3", "4")])
@pytest.mark.parametrize("split", ["Train", "TRAINING", "train"])
def test_capitals_synonyms_and_the_codes_of_fer2013_name_a_folder(
    names: tuple[str, str], split: str, tmp_path: Path
) -> None:
    for name, first in zip(names, (10, 60), strict=True):
        write_faces(tmp_path / split / name, 3, first)
    found = read(tmp_path, ["Training"], (Mood.HAPPY, Mood.SAD))["Training"]
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.images[:, 0, 0].tolist() == [10, 11, 12, 60, 61, 62]


def test_codes_of_another_data_set_are_refused(tmp_path: Path) -> None:
    for code in "1234567":
        write_faces(tmp_path / "train" / code, 1, 10)
    with pytest.raises(DataError, match=r"train/7: expected FER2013's codes 0 to 6"):
        read(tmp_path, ["Training"], (Mood.HAPPY,))


def greys(split: Split) -> list[int]:
    return sorted(split.images[:, 0, 0].tolist())


def test_without_a_validation_folder_a_ninth_of_each_mood_in_training_is_held_out_and_said(
    tmp_path: Path,
) -> None:
    write_faces(tmp_path / "train" / "happy", 90, 0)
    write_faces(tmp_path / "train" / "sad", 18, 100)
    write_faces(tmp_path / "test" / "happy", 2, 200)
    write_faces(tmp_path / "test" / "sad", 2, 210)
    moods, notes = (Mood.HAPPY, Mood.SAD), list[str]()
    found = read(tmp_path, SPLITS, moods, note=notes.append)
    assert found["PublicTest"].counts() == {"happy": 10, "sad": 2}
    together = sorted(greys(found["Training"]) + greys(found["PublicTest"]))
    assert together == [*range(90), *range(100, 118)]
    assert greys(found["PrivateTest"]) == [200, 201, 210, 211]
    (line,) = notes
    assert line == (
        f"{tmp_path} has no folder for PublicTest: one in nine images of Training is held out for it, "
        "chosen with seed 1"
    )
    # Whichever splits and moods are read, the same images are held out: none is trained on and chosen by.
    alone = read(tmp_path, ["Training"], (Mood.SAD, Mood.HAPPY), note=notes.append)["Training"]
    assert greys(alone) == greys(found["Training"])
    happy = read(tmp_path, ["PublicTest"], (Mood.HAPPY,), note=notes.append)["PublicTest"]
    assert greys(happy) == [grey for grey in greys(found["PublicTest"]) if grey < 100]


def test_nothing_is_held_out_where_only_the_test_is_read(tmp_path: Path) -> None:
    write_faces(tmp_path / "test" / "happy", 2, 200)
    notes: list[str] = []
    assert len(read(tmp_path, ["PrivateTest"], (Mood.HAPPY,), note=notes.append)["PrivateTest"]) == 2
    assert not notes
