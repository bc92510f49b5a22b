from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from converter.errors import RunError
from converter.measure import evaluation
from device.errors import ModelError, MoodboxError

LABELS = ("happy", "neutral", "sad")
#              happy       neutral  sad
TRUTH = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
GUESS = np.array([0, 0, 0, 1, 1, 0, 2, 2, 1, 1])


def sure(answers: NDArray[np.int64], confidence: float | NDArray[np.float64] = 0.8) -> NDArray[np.float32]:
    """Probabilities that name each answer with that confidence."""
    rest = (1 - np.broadcast_to(confidence, answers.shape)) / 2
    probabilities = np.repeat(rest[:, np.newaxis], 3, axis=1)
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities.astype(np.float32)


@pytest.fixture
def scores() -> evaluation.Scores:
    return evaluation.score(LABELS, TRUTH, sure(GUESS))


def test_the_confusion_matrix_has_a_row_for_each_truth_and_a_column_for_each_answer(
    scores: evaluation.Scores,
) -> None:
    assert scores.confusion == ((3, 1, 0), (1, 1, 0), (0, 2, 2))


def test_accuracy_and_balanced_accuracy_are_those_worked_out_by_hand(scores: evaluation.Scores) -> None:
    assert scores.count == 10
    assert scores.accuracy == pytest.approx(6 / 10)
    assert scores.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2 + 2 / 4) / 3)


def test_each_moods_scores_are_those_worked_out_by_hand(scores: evaluation.Scores) -> None:
    happy, neutral, sad = scores.classes.values()
    assert (happy.precision, happy.recall, happy.f1, happy.support) == (0.75, 0.75, 0.75, 4)
    assert (neutral.precision, neutral.recall, neutral.support) == (0.25, 0.5, 2)
    assert neutral.f1 == pytest.approx(2 * 0.25 * 0.5 / 0.75)
    assert (sad.precision, sad.recall, sad.support) == (1, 0.5, 4)
    assert sad.f1 == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_a_mood_that_is_never_answered_has_no_precision_and_one_that_never_occurs_does_not_count() -> None:
    scores = evaluation.score(LABELS, np.array([0, 0, 1, 1]), sure(np.array([0, 0, 0, 0])))
    assert scores.classes["neutral"] == evaluation.ClassScores(precision=0, recall=0, f1=0, support=2)
    assert scores.classes["sad"] == evaluation.ClassScores(precision=0, recall=0, f1=0, support=0)
    assert scores.balanced_accuracy == 0.5


def test_as_json_it_has_every_figure_under_a_plain_name(scores: evaluation.Scores) -> None:
    found = json.loads(json.dumps(scores.as_dict()))
    assert found == {
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


def test_as_a_table_it_has_a_line_for_each_mood(scores: evaluation.Scores) -> None:
    head, happy, _, sad, last = scores.table().splitlines()
    assert head.split() == ["truth", "precision", "recall", "f1", "faces", "answered", *LABELS]
    assert happy.split() == ["happy", "75.0%", "75.0%", "75.0%", "4", "3", "1", "0"]
    assert sad.split() == ["sad", "100.0%", "50.0%", "66.7%", "4", "0", "2", "2"]
    assert last == "accuracy 60.0%, balanced 58.3%, 10 faces"


def test_agreement_is_the_share_of_like_answers() -> None:
    assert evaluation.agreement(sure(TRUTH), sure(GUESS)) == 0.6


def test_the_threshold_is_the_lowest_from_which_named_moods_are_right_often_enough() -> None:
    # Right from .70 on in 5 of 6; at .90 in all 4 of 4.
    confidence = np.array([0.95, 0.92, 0.91, 0.90, 0.80, 0.70, 0.60, 0.55, 0.50, 0.45])
    answers = np.array([0, 0, 0, 0, 0, 1, 2, 2, 2, 0])
    truth = np.array([0, 0, 0, 0, 1, 1, 0, 0, 2, 1])
    probabilities = sure(answers, confidence)
    found = evaluation.threshold(truth, probabilities, right=0.8)
    assert found == evaluation.Threshold(value=0.61, right=5 / 6, coverage=0.6)
    found = evaluation.threshold(truth, probabilities, right=0.85)
    assert found == evaluation.Threshold(value=0.81, right=1, coverage=0.4)


def test_a_model_that_is_always_right_needs_no_threshold() -> None:
    assert evaluation.threshold(TRUTH, sure(TRUTH), right=1) == evaluation.Threshold(0, right=1, coverage=1)


def test_where_no_threshold_will_do_it_says_so() -> None:
    with pytest.raises(RunError, match="no threshold makes named moods right 85% of the time"):
        evaluation.threshold(TRUTH, sure((TRUTH + 1) % 3), right=0.85)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.onnx", r"model\.onnx: expected a \.tflite file with its card, or a \.keras file"),
        ("model.tflite", r"model\.json: No such file or directory; a model is a \.tflite file with its card"),
        pytest.param(
            "model.keras",
            r"run\.json: cannot be read",
            marks=pytest.mark.skipif(
                sys.version_info >= (3, 13), reason="no TensorFlow for this Python here"
            ),
        ),
    ],
)
def test_a_model_without_its_labels_is_refused(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(MoodboxError, match=message):
        evaluation.labels_of(tmp_path / name)


def test_an_unknown_kind_of_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        evaluation.labels_of(tmp_path)


@pytest.mark.parametrize("heat", [0.5, 1.0, 2.0])
def test_the_temperature_undoes_what_made_answers_too_sure_or_not_sure_enough(heat: float) -> None:
    draw = np.random.default_rng(1)
    honest = draw.dirichlet((1, 1, 1), 20_000)
    truth = np.array([draw.choice(3, p=p) for p in honest])
    heated = honest ** (1 / heat)
    heated /= heated.sum(axis=1, keepdims=True)
    assert evaluation.temperature(truth, heated.astype(np.float32)) == pytest.approx(1 / heat, rel=0.05)
