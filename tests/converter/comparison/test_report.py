"""The rows of a comparison, which moods are mixed up, and the drawing of a network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from converter.comparison import drawing, mixed_up
from converter.comparison.designs import steps
from converter.comparison.report import Row, best_first, table
from converter.comparison.scores import Figure as Score
from converter.comparison.scores import Scores
from converter.comparison.store import read_scores
from converter.data.dataset import Split
from device.mood import Mood
from tests.converter.networks.built import built

COMPARED = Path(__file__).parents[3] / "models" / "compared"
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


def drawn_plot(rows: Sequence[Row], monkeypatch: pytest.MonkeyPatch) -> Axes:
    """The axes of the plot of these rows."""
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    drawing.plot(rows, Path("plot.png"))
    drawn[0].draw_without_rendering()
    return drawn[0].axes[0]


def shipped_rows() -> list[Row]:
    known = read_scores(COMPARED)
    names = sorted({name.rpartition("-")[0] or name for name in known})
    return [Row(name, "", "", [known[each] for each in known if each.startswith(name)]) for name in names]


@pytest.mark.parametrize(
    "rows", [[row(0.5 + 0.001 * number) for number in range(8)], best_first(shipped_rows())]
)
def test_no_label_of_the_plot_hides_another(rows: Sequence[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    axis = drawn_plot(rows, monkeypatch)
    boxes = [text.get_window_extent() for text in axis.texts if text.get_text()]
    assert len(boxes) == len(rows)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_no_lines_from_labels_to_their_dots_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    axis = drawn_plot(best_first(shipped_rows()), monkeypatch)
    patches = [text.arrow_patch for text in axis.texts if isinstance(text, Annotation) and text.arrow_patch]
    lines = [patch.get_transform().transform_path(patch.get_path()) for patch in patches]
    assert lines
    assert not any(
        one.intersects_path(other, filled=False) for one, other in itertools.combinations(lines, 2)
    )


def test_the_plot_writes_percentages_as_the_box_does(monkeypatch: pytest.MonkeyPatch) -> None:
    axis = drawn_plot([row(0.5), row(0.6)], monkeypatch)
    assert axis.yaxis.get_major_formatter()(0.505) == "50.5 %"
