"""The compared models are those that were measured, and the page has what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.comparison.methods import METHODS
from converter.comparison.store import read_instructions, read_scores
from device.vision.classifier import Classifier

FOLDER = Path(__file__).parents[2] / "models" / "compared"
MODELS = sorted(FOLDER.glob("*.tflite"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_a_compared_model_runs_on_the_box_and_is_the_one_that_was_measured(model: Path) -> None:
    classifier = Classifier(model)
    answers = classifier.probabilities(np.full((48, 48), 128, np.uint8))
    assert answers.sum() == pytest.approx(1)
    scores = read_scores(FOLDER)[model.stem]
    assert scores.sha256 == classifier.card.sha256
    assert sum(map(sum, scores.confusion)) == 3589
    assert scores.sha256 in read_instructions(FOLDER)
    assert model.stem.rpartition("-")[0] in METHODS


def test_all_compared_models_were_trained_by_one_protocol() -> None:
    recipes = [Classifier(model).card.about["recipes"][0] for model in MODELS]
    names = ("moods", "epochs", "batch", "optimizer", "learning_rate", "augmentation", "votes", "teachers")
    assert all(each[name] == recipes[0][name] for each in recipes for name in names)
    assert len({str(Classifier(model).card.about["training"]) for model in MODELS}) == 1


def test_the_page_has_the_table() -> None:
    table = (FOLDER / "table.md").read_text()
    assert table in (FOLDER.parent / "COMPARISON.md").read_text()
    assert all(f"| `{model.stem.rpartition('-')[0]}` |" in table for model in MODELS)


def test_the_compared_models_are_small_enough_to_be_kept() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 15_000_000
