"""Scores are what can be computed by hand from the confusion matrix."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from converter.measure import evaluation
from device.errors import ModelError, MoodboxError
from device.mood import Mood
from tests.converter import drawn
from tests.converter.predictions import probabilities_of

MODEL = Path(__file__).parents[3] / "models" / "mood3.tflite"
LABELS = ("happy", "neutral", "sad")
#              happy       neutral  sad
TRUTH = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2, 2, 1, 1])


@pytest.fixture
def scores() -> evaluation.Scores:
    return evaluation.score(LABELS, TRUTH, probabilities_of(PREDICTED))


def test_the_confusion_matrix_has_a_row_for_each_true_mood_and_a_column_for_each_predicted_one(
    scores: evaluation.Scores,
) -> None:
    assert scores.confusion == ((3, 1, 0), (1, 1, 0), (0, 2, 2))


def test_accuracy_and_balanced_accuracy_are_as_computed_by_hand(scores: evaluation.Scores) -> None:
    assert scores.count == 10
    assert scores.accuracy == pytest.approx(6 / 10)
    assert scores.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 2 / 4) / 3)


def test_the_scores_of_each_mood_are_as_computed_by_hand(scores: evaluation.Scores) -> None:
    happy, neutral, sad = scores.classes.values()
    assert (happy.precision, happy.recall, happy.f1, happy.support) == (0.75, 0.75, 0.75, 4)
    assert (neutral.precision, neutral.recall, neutral.support) == (0.25, 0.5, 2)
    assert neutral.f1 == pytest.approx(2 * 0.25 * 0.5 / 0.75)
    assert (sad.precision, sad.recall, sad.support) == (1, 0.5, 4)
    assert sad.f1 == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_a_mood_that_is_never_predicted_has_precision_0_and_one_that_never_occurs_does_not_count() -> None:
    scores = evaluation.score(LABELS, np.array([0, 0, 1, 1]), probabilities_of(np.array([0, 0, 0, 0])))
    assert scores.classes["neutral"] == evaluation.ClassScores(precision=0, recall=0, f1=0, support=2)
    assert scores.classes["sad"] == evaluation.ClassScores(precision=0, recall=0, f1=0, support=0)
    assert scores.balanced_accuracy == 0.5


def test_the_scores_as_json_have_these_keys(scores: evaluation.Scores) -> None:
    decoded = json.loads(json.dumps(scores.as_dict()))
    assert decoded == {
        "count": 10,
        "accuracy": 0.6,
        "balanced_accuracy": pytest.approx(7 / 12),
        "labels": ["happy", "neutral", "sad"],
        "classes": {
            "happy": {"precision": 0.75, "recall": 0.75, "f1": 0.75, "support": 4},
            "neutral": {"precision": 0.25, "recall": 0.5, "f1": pytest.approx(1 / 3), "support": 2},
            "sad": {"precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 4},
        },
        "confusion_matrix": [[3, 1, 0], [1, 1, 0], [0, 2, 2]],
    }


def test_the_table_has_a_line_for_each_mood(scores: evaluation.Scores) -> None:
    head, happy, _, sad, last = scores.table().splitlines()
    assert head.split() == ["truth", "precision", "recall", "f1", "faces", "answered", *LABELS]
    assert happy.split() == ["happy", *["75.0", "%"] * 3, "4", "3", "1", "0"]
    assert sad.split() == ["sad", "100.0", "%", "50.0", "%", "66.7", "%", "4", "0", "2", "2"]
    assert last == "accuracy 60.0 ± 15.2 %, balanced 58.3 ± 17.2 %, 10 faces"


def test_the_standard_errors_are_those_of_ten_faces(scores: evaluation.Scores) -> None:
    errors = scores.errors()
    assert errors["accuracy"] == pytest.approx(np.sqrt(0.6 * 0.4 / 10), rel=0.1)
    assert errors.keys() == {"accuracy", "balanced_accuracy"}


def test_agreement_is_the_share_of_equal_predictions() -> None:
    assert evaluation.agreement(probabilities_of(TRUTH), probabilities_of(PREDICTED)) == 0.6


def test_mirrored_probabilities_are_the_mean_for_a_face_and_its_mirror_image() -> None:
    generator = np.random.default_rng(1)
    faces = np.stack([drawn.face(Mood.SAD, generator) for _ in range(3)])
    plain, flipped = (evaluation.probabilities(MODEL, each) for each in (faces, faces[:, :, ::-1]))
    mirrored = evaluation.probabilities(MODEL, faces, mirrored=True)
    assert mirrored == pytest.approx((plain + flipped) / 2)
    assert not np.allclose(mirrored, plain)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.onnx", r"model\.onnx: expected a \.tflite file with its card, or a \.keras file"),
        ("model.tflite", r"model\.json: No such file or directory; a model is a \.tflite file with its card"),
        ("model.keras", r"contains no run\.json; expected the folder of a training run"),
    ],
)
def test_a_model_without_its_labels_is_refused(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(MoodboxError, match=message):
        evaluation.labels_of(tmp_path / name)


def test_an_unknown_kind_of_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        evaluation.labels_of(tmp_path)
