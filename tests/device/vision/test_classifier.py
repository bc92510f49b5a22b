from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import DEFAULT_MODEL
from device.errors import ModelError
from device.vision.classifier import Classifier
from device.vision.detector import FaceDetector, crop_face
from device.vision.model_card import read_card
from device.vision.pictures import read_picture
from tests.device.conftest import HAPPY


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the shipped model that a test may damage."""
    shutil.copy(DEFAULT_MODEL.with_suffix(".json"), tmp_path / "mood.json")
    return Path(shutil.copy(DEFAULT_MODEL, tmp_path / "mood.tflite"))


def change(model: Path, **changes: object) -> None:
    card = model.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))


def test_each_of_the_cards_moods_gets_a_probability() -> None:
    classifier = Classifier(DEFAULT_MODEL)
    probabilities = classifier.classify(np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8))
    assert tuple(probabilities) == classifier.card.labels
    assert sum(probabilities.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in probabilities.values())


def test_probabilities_are_weighted_by_the_cards_prior(model: Path) -> None:
    crop = np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8)
    change(model, prior={})
    plain = Classifier(model)
    assert [*plain.classify(crop).values()] == pytest.approx(plain.probabilities(crop))

    change(model, prior={"neutral": 3})
    weighted = Classifier(model)
    assert np.array_equal(weighted.probabilities(crop), plain.probabilities(crop))
    happy, neutral, sad = plain.probabilities(crop)
    total = happy + 3 * neutral + sad
    assert [*weighted.classify(crop).values()] == pytest.approx(
        [happy / total, 3 * neutral / total, sad / total]
    )


def test_a_face_is_likelier_a_face_than_a_wall() -> None:
    classifier = Classifier(DEFAULT_MODEL)
    card = classifier.card
    picture = read_picture(HAPPY)
    found = FaceDetector(card.crop.detector, min_face=0.25).detect(picture)
    assert found is not None
    face = classifier.predict(crop_face(picture, found, card.crop, card.side)).face_probability
    wall = np.random.default_rng(1).integers(90, 110, picture.shape, dtype=np.uint8)
    none = classifier.predict(crop_face(wall, found, card.crop, card.side)).face_probability
    assert card.face_threshold is not None
    assert none < card.face_threshold <= face


def test_a_name_that_is_no_model_is_answered_with_those_that_are() -> None:
    with pytest.raises(ModelError, match=r"mood9: no such model: expected mood3, mood7, or a \.tflite file"):
        read_card(Path("mood9"))


def test_a_model_without_its_card_is_refused(model: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"mood\.json: No such file.*with its card \(\.json\) beside it"):
        Classifier(model)


@pytest.mark.parametrize("suffix", [".tflite", ".json"])
def test_a_pipe_in_place_of_a_model_or_its_card_is_refused_at_once(model: Path, suffix: str) -> None:
    pipe = model.with_suffix(suffix)
    pipe.unlink()
    os.mkfifo(pipe)
    with pytest.raises(ModelError, match="not a regular file"):
        Classifier(model)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"format": "\xff"}', b'{"format": 3, "sha256": "\xff"}']
)
def test_a_card_that_is_no_json_is_refused(model: Path, content: bytes) -> None:
    model.with_suffix(".json").write_bytes(content)
    with pytest.raises(ModelError, match="not a model card"):
        Classifier(model)


def test_a_card_for_another_model_is_refused(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"not the file its card describes"):
        Classifier(model)


def test_a_truncated_model_is_refused(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:10_000])
    with pytest.raises(ModelError, match=r"not the file its card describes"):
        Classifier(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "card format 99, this version knows 2 and 3; upgrade moodbox"),
        ({"labels": ["happy", "bored"]}, "not a model card: .*bored"),
        ({"threshold": 3}, "not a model card: .*threshold"),
        ({"prior": {"neutral": 0}}, "not a model card: .*prior"),
        ({"prior": {"bored": 2}}, "not a model card: .*bored"),
        ({"side": 64}, "its card says"),
        ({"face_threshold": None}, r"input and outputs are .*uint8 \(1, 1\), its card says .*uint8 \(1, 3\)"),
        ({"face_threshold": 1.5}, "not a model card: .*face_threshold"),
        ({"labels": ["happy", "sad"]}, "its card says"),
        ({"crop": {"detector": "x.xml"}}, "not a model card: .*margin"),
    ],
)
def test_a_card_that_does_not_match_the_model_is_refused(
    model: Path, changes: dict[str, object], message: str
) -> None:
    change(model, **changes)
    with pytest.raises(ModelError, match=message):
        Classifier(model)


def test_a_card_may_have_more_entries_than_the_device_needs(model: Path) -> None:
    change(model, note="for people")
    assert read_card(model).name == "mood3"
