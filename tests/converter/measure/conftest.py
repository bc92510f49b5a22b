"""Photos for tests of scenes and conditions."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from converter.measure.scenes import FACE_SHARE
from device.mood import Mood
from device.vision.detector import FaceDetector, crop_face
from device.vision.model_card import Crop
from device.vision.normalization import Normalization
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY, NEUTRAL

FRONTAL = "haarcascade_frontalface_default.xml"


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Two photos of each of two moods: head shots from the pictures that moodbox ships.

    As people.csv has it, they show four people, of whom Ben and Clara are for reporting.
    """
    lines = ["mood,file,source,person", "happy,0.png,portrait,ben", "happy,1.png,portrait,anna"]
    lines += ["neutral,0.png,still,clara", "neutral,1.png,still,emil"]
    (tmp_path / "people.csv").write_text("\n".join(lines))
    detector = FaceDetector(FRONTAL, min_face=0.25)
    for mood, path in ((Mood.HAPPY, HAPPY), (Mood.NEUTRAL, NEUTRAL)):
        picture = read_picture(path)
        face = detector.detect(picture)
        assert face is not None
        margin = 1 / FACE_SHARE - 1
        photo = crop_face(
            picture, face, Crop(detector=FRONTAL, margin=margin, normalization=Normalization.NONE), 350
        )
        (tmp_path / mood).mkdir()
        for number in range(2):
            cv2.imwrite(str(tmp_path / mood / f"{number}.png"), photo)
    return tmp_path
