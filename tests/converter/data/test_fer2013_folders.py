"""A data set in folders holds whatever people's computers put there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import read
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
