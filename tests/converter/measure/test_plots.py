"""How the plots write shares."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from converter.measure import plots
from converter.measure.bootstrap import Estimate
from converter.measure.conditions import Figures, Result
from device.mood import Mood

HALF = Estimate(0.5, 0.1)
RESULT = Result(
    "clean",
    Figures(
        photos=4,
        people=4,
        not_found=Estimate(0.1, 0.1),
        in_place=HALF,
        balanced_accuracy=HALF,
        recall={Mood.HAPPY: HALF, Mood.SAD: HALF},
        coverage=Estimate(0.8, 0.1),
        precision=HALF,
        coverage_at={},
    ),
    {},
)


@pytest.mark.parametrize("plot", ["confusion", "conditions"])
def test_percentages_are_written_as_the_box_writes_them(
    plot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    if plot == "confusion":
        plots.confusion(np.array([[3, 1], [0, 4]]), ["happy", "sad"], "a title", tmp_path / "plot.png")
    else:
        plots.conditions([RESULT], "a title", tmp_path / "plot.png")
    drawn[0].draw_without_rendering()
    texts = [text.get_text() for text in drawn[0].findobj(Text) if isinstance(text, Text)]
    assert any(re.search(r"\d %", text) for text in texts)
    assert not any(re.search(r"\d%", text) for text in texts)
