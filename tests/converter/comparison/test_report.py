"""The rows of a comparison, which moods are mixed up, and the drawing of a network."""

from __future__ import annotations

import pytest

from converter.comparison import mixed_up
from converter.comparison.designs import steps
from converter.comparison.report import Row, best_first, table
from converter.comparison.scores import Figure, Scores
from converter.networks.architectures import paper

CONFUSION = ((8, 2, 0), (4, 5, 1), (0, 0, 10))


def scores(labels: float) -> Scores:
    return Scores(
        sha256="",
        labels=Figure(labels, 0.01),
        labels_of_three=None,
        macro_f1=0.5,
        votes=Figure(0.6, 0.01),
        votes_of_three=None,
        lost_by_int8=0.002,
        parameters=1000,
        multiply_adds=2_000_000,
        bytes=3000,
        milliseconds=1.0,
        photos=None,
        moods=("fear", "surprise", "happy"),
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
    worst = mixed_up.pairs(row(0.5, 0.5))[0]
    assert (worst.moods, worst.there, worst.back) == (("surprise", "fear"), 0.4, 0.2)
    assert "| `method` | surprise as fear 40%, fear as surprise 20% |" in mixed_up.table([row(0.5)])


def test_a_drawing_has_each_layer_that_computes_or_pools() -> None:
    kinds = [step.kind for step in steps(paper(7))]
    convolution, pooling = "Conv2D", "MaxPooling2D"
    assert kinds == [
        *(convolution, convolution, pooling, convolution, pooling, convolution, pooling, "Dense", "Dense")
    ]
