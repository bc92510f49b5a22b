from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from device.config.settings import DEFAULT_MODEL
from device.errors import ModelError
from device.vision.classifier import Classifier
from device.vision.model_card import read_card


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


def test_a_model_without_its_card_is_refused(model: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"mood\.json: No such file.*with its card \(\.json\) beside it"):
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
        ({"format": 99}, "card format 99, this version knows 2"),
        ({"labels": ["happy", "bored"]}, "not a model card: .*bored"),
        ({"threshold": 3}, "not a model card: .*threshold"),
        ({"prior": {"neutral": 0}}, "not a model card: .*prior"),
        ({"prior": {"bored": 2}}, "not a model card: .*bored"),
        ({"side": 64}, "its card says"),
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
