"""Teachers predict for faces and their mirror images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import Split
from converter.errors import RunError
from converter.networks.architectures import predict
from converter.networks.saved_models import restore
from converter.training.distillation import teacher_predictions

BLANK = np.zeros((1, 48, 48), np.uint8)


def test_a_teachers_prediction_is_the_mean_over_a_face_and_its_mirror_image(
    run: Path, splits: dict[str, Split]
) -> None:
    images = splits["PublicTest"].images[:10]
    network = restore(run / "best.keras")
    expected = (predict(network, images) + predict(network, images[:, :, ::-1])) / 2
    predictions = teacher_predictions({run / "best.keras": [0, 1, 2]}, images, ["moods"])
    assert predictions.keys() == {"moods"}
    assert np.allclose(predictions["moods"], expected, atol=0.02)  # the teacher computes in bfloat16


def test_the_probabilities_of_the_wanted_moods_sum_to_1(run: Path, splits: dict[str, Split]) -> None:
    images = splits["PublicTest"].images[:10]
    two, three = (
        teacher_predictions({run / "best.keras": indices}, images, ["moods"])["moods"]
        for indices in ([2, 0], [0, 1, 2])
    )
    assert np.allclose(two.sum(axis=1), 1)
    assert np.array_equal(three[:, 2] / three[:, 0] > 1, two[:, 0] / two[:, 1] > 1)


def test_a_teacher_without_votes_is_refused_for_a_recipe_with_votes(run: Path) -> None:
    with pytest.raises(RunError, match=r"best\.keras: has no output for votes"):
        teacher_predictions({run / "best.keras": [0, 1, 2]}, BLANK, ["moods", "votes"])


def test_without_teachers_there_are_no_predictions() -> None:
    assert teacher_predictions({}, BLANK, ["moods"]) == {}
