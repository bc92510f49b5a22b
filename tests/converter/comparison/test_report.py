"""The rows of a comparison, which moods are mixed up, and the drawing of a network."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from converter.comparison import drawing, mixed_up
from converter.comparison.designs import steps
from converter.comparison.report import Row, best_first, table
from converter.comparison.scores import Figure as Score
from converter.comparison.scores import Scores
from converter.data.dataset import Split
from device.mood import Mood
from tests.converter.networks.built import built

MOODS = ("fear", "surprise", "happy")
CONFUSION = ((8, 2, 0), (4, 5, 1), (0, 0, 10))


def scores(labels: float) -> Scores:
    return Scores(
        sha256="",
        labels=Score(labels, 0.01),
        labels_of_three=None,
        macro_f1=0.5,
        votes=Score(0.6, 0.01),
        votes_of_three=None,
        lost_by_int8=0.002,
        parameters=1000,
        multiply_adds=2_000_000,
        bytes=3000,
        milliseconds=1.0,
        photos=None,
        moods=MOODS,
        confusion=CONFUSION,
    )


def row(*labels: float) -> Row:
    return Row("method", "somebody", "90 %", [scores(each) for each in labels])


def test_a_row_is_the_mean_over_seeds_with_the_larger_of_both_errors() -> None:
    near, far = (each.figure(lambda one: one.labels) for each in (row(0.600, 0.602), row(0.5, 0.7)))
    assert near
    assert far
    assert near.value == pytest.approx(0.601)
    assert near.error == 0.01
    assert far.error == pytest.approx(0.1414, abs=1e-3)


def test_the_best_row_comes_first() -> None:
    lines = table(best_first([row(0.5), row(0.7), row(0.6)])).splitlines()[2:]
    assert [line.split(" | ")[3] for line in lines] == ["70.0 ± 1.0 %", "60.0 ± 1.0 %", "50.0 ± 1.0 %"]


def test_the_most_mixed_up_moods_come_first() -> None:
    worst = mixed_up.pairs(np.array(CONFUSION), MOODS)[0]
    assert (worst.moods, worst.there, worst.back) == (("surprise", "fear"), 0.4, 0.2)


def labelled_as_fear(*votes: tuple[int, int]) -> Split:
    """A face for each pair: how many people say fear, and how many surprise."""
    counts = np.zeros((len(votes), 10), dtype=np.int64)
    counts[:, [list(Mood).index(Mood.FEAR), list(Mood).index(Mood.SURPRISE)]] = votes
    moods = (Mood.FEAR, Mood.SURPRISE, Mood.HAPPY)
    images = np.zeros((len(votes), 48, 48), np.uint8)
    return Split("PrivateTest", moods, images, np.zeros(len(votes), np.int64), vote_counts=counts)


def test_the_table_says_how_fear_and_surprise_are_mixed_up_by_each_method_and_by_people() -> None:
    lines = mixed_up.table([row(0.5)], labelled_as_fear((9, 1), (4, 6))).splitlines()[2:]
    assert [line.split(" | ")[:2] for line in lines] == [
        ["| `method`", "surprise as fear 40 %, fear as surprise 20 %; no. 1 of 3"],
        ["| people, by label", "fear as surprise 35 %, surprise as fear 0 %; no. 1 of 3"],
        ["| people, by majority", "surprise as fear 40 %, fear as surprise 10 %; no. 1 of 3"],
    ]


def test_a_drawing_has_each_layer_that_computes_or_pools() -> None:
    kinds = [step.kind for step in steps(built("paper"))]
    convolution, pooling = "Conv2D", "MaxPooling2D"
    assert kinds == [
        *(convolution, convolution, pooling, convolution, pooling, convolution, pooling),
        *("Flatten", "Dense", "Dense"),
    ]


def test_a_drawing_tells_shortcuts_from_the_layers_that_they_lead_around() -> None:
    shortcuts = [step.kind for step in steps(built("residual")) if step.shortcut]
    assert shortcuts == ["AveragePooling2D", "Conv2D"] * 3  # where the side is halved


def test_no_label_of_the_plot_hides_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    drawing.plot([row(0.5 + 0.001 * number) for number in range(8)], tmp_path / "plot.png")
    (axis,) = drawn[0].axes
    boxes = [text.get_window_extent() for text in axis.texts if text.get_text()]
    assert len(boxes) == 8
    assert axis.yaxis.get_major_formatter()(0.5).endswith("0 %")
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
