from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter import networks, teaching
from converter.data import Split
from converter.errors import RunError

pytestmark = pytest.mark.xdist_group("tensorflow")


def test_a_teacher_answers_by_the_mean_over_a_face_and_its_mirror_image(
    run: Path, splits: dict[str, Split]
) -> None:
    images = splits["PublicTest"].images[:10]
    network = networks.restore(run / "best.keras")
    expected = (networks.predict(network, images) + networks.predict(network, images[:, :, ::-1])) / 2
    given = teaching.answers({run / "best.keras": [0, 1, 2]}, images, ["moods"])
    assert given.keys() == {"moods"}
    assert np.allclose(given["moods"], expected, atol=0.02)  # the teacher computes in bfloat16


def test_the_moods_that_are_asked_for_make_up_the_whole(run: Path, splits: dict[str, Split]) -> None:
    images = splits["PublicTest"].images[:10]
    both, whole = (
        teaching.answers({run / "best.keras": places}, images, ["moods"])["moods"]
        for places in ([2, 0], [0, 1, 2])
    )
    assert np.allclose(both.sum(axis=1), 1)
    odds, asked = whole[:, 2] / whole[:, 0], both[:, 0] / both[:, 1]
    assert np.array_equal(odds > 1, asked > 1)


def test_a_teacher_that_learned_no_votes_is_refused_where_they_are_wanted(run: Path) -> None:
    with pytest.raises(RunError, match=r"best\.keras: has no output for votes"):
        teaching.answers({run / "best.keras": [0, 1, 2]}, np.zeros((1, 48, 48), np.uint8), ["moods", "votes"])


def test_without_teachers_there_is_nothing() -> None:
    assert teaching.answers({}, np.zeros((1, 48, 48), np.uint8), ["moods"]) == {}
