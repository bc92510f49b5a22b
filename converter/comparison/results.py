"""Measures the models of a comparison once each, and writes the table, the plots and the page."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.comparison import designs, drawing, mixed_up, report, scores, store
from converter.comparison.methods import METHODS
from converter.comparison.protocol import Comparison
from converter.comparison.report import Row
from converter.comparison.scores import Scores
from converter.data.dataset import Split
from converter.errors import DataError
from converter.measure.photos import Photo
from converter.networks.architectures import NETWORKS
from device.errors import ModelError
from device.vision.model_card import read_card

TABLE = "table.md"
PLOT = "table.png"
DESIGNS_PLOT = "designs.png"
PAPER = "paper"  # whose confusion matrix is drawn, besides that of the best method
DESIGNS = {PAPER: "the paper's network", "residual": "the box's network"}  # drawn side by side
# Between these lines of a page is the table.
BEGIN, END = "<!-- table by compare -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Measuring:
    """What models are measured on, and what is measured besides those of the comparison.

    Attributes:
        split: PrivateTest.
        photos: of people; none if they are not asked for.
        beside: models that were trained in another way, a row for each.
    """

    split: Split
    photos: Sequence[Photo]
    beside: Sequence[Path]


def check_beside(model: Path) -> None:
    """Check that `model` can have a row, before hours of training.

    Raises:
        ModelError: it cannot be loaded, or its card does not say what it was made of.
    """
    about = read_card(model).about
    known = about.get("network") in NETWORKS and "parameters" in about
    if not known or "float" not in about.get("scores", {}).get("PrivateTest", {}):
        raise ModelError(
            f"{model}: its card does not name one known network and its scores; make it with `quantize --run`"
        )


def check_page(page: Path) -> None:
    """Check that `page` has a place for the table.

    Raises:
        DataError: it has none, or several.
        OSError: it cannot be read.
    """
    if not re.fullmatch(f"(?s).*{BEGIN}\n.*{END}\n.*", page.read_text(encoding="utf-8")):
        raise DataError(f"{page}: expected the lines {BEGIN} and {END}, between which the table goes")


def write(
    comparison: Comparison, finished: Sequence[tuple[str, int]], measuring: Measuring, page: Path | None
) -> str:
    """Measure what has not been measured yet, write everything, and return the table.

    Args:
        comparison: where the models are.
        finished: methods and seeds whose models are there.
        measuring: on what, and what besides.
        page: a page that gets the table, too.
    """
    folder = comparison.models
    folder.mkdir(parents=True, exist_ok=True)
    rows = report.best_first(_rows(comparison, finished, measuring))
    text = f"{report.table(rows)}\n\n{mixed_up.table(rows, measuring.split)}"
    (folder / TABLE).write_text(f"{text}\n", encoding="utf-8")
    drawing.plot(rows, folder / PLOT)
    drawing.plot_confusion(rows[0], folder / "confusion-best.png")
    for row in rows:
        if row.name == PAPER:
            drawing.plot_confusion(row, folder / "confusion-paper.png")
    networks = [NETWORKS[name](len(comparison.recipe.moods)) for name in DESIGNS]
    designs.draw(networks, list(DESIGNS.values()), folder / DESIGNS_PLOT)
    if page:
        before = page.read_text(encoding="utf-8")
        start, end = before.index(BEGIN) + len(BEGIN), before.index(END)
        page.write_text(f"{before[:start]}\n{text}\n{before[end:]}", encoding="utf-8")
    return text


def _rows(comparison: Comparison, finished: Sequence[tuple[str, int]], measuring: Measuring) -> Sequence[Row]:
    known = store.read_scores(comparison.models)
    instructions = store.read_instructions(comparison.models)

    def row(name: str, source: str, claim: str, models: Sequence[Path]) -> Row:
        measured = [_scores(comparison, known, model, measuring) for model in models]
        return Row(name, source, claim, measured, report.mean_of(instructions, measured))

    seeds: Mapping[str, list[Path]] = {
        name: [comparison.model(name, seed) for method, seed in sorted(finished) if method == name]
        for name in METHODS
    }
    return [
        *(
            row(name, METHODS[name].source, METHODS[name].claim, models)
            for name, models in seeds.items()
            if models
        ),
        *(row(model.stem, "this project, as it ships", "-", [model]) for model in measuring.beside),
    ]


def _scores(comparison: Comparison, known: dict[str, Scores], model: Path, measuring: Measuring) -> Scores:
    """What is known of a model, or what is measured now and kept."""
    before = known.get(model.stem)
    if before and before.sha256 == read_card(model).sha256 and (before.photos or not measuring.photos):
        return before
    print(f"measuring {model}", file=sys.stderr)
    known[model.stem] = scores.measure(model, measuring.split, measuring.photos)
    store.write_scores(comparison.models, known)
    return known[model.stem]
