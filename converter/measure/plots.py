"""Plots of a confusion matrix, and of the scores under each condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from converter.measure.conditions import Result


def confusion(matrix: NDArray[np.int64], labels: Sequence[str], title: str, path: Path) -> None:
    """Plot a confusion matrix, (k, k), into `path`.

    Rows are the truth, columns the predictions; the colour is the share of the row.
    """
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = 1.6 + 0.75 * len(labels)
    figure = Figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(labels))
    axis.set_xticks(ticks, labels, rotation=30)
    axis.set_yticks(ticks, labels)
    axis.set(xlabel="answer", ylabel="truth", title=title)
    for row in ticks:
        for column in ticks:
            axis.text(
                column,
                row,
                f"{matrix[row, column]}\n{share[row, column]:.0%}",
                ha="center",
                va="center",
                color="white" if share[row, column] > 0.5 else "black",
            )
    _save(figure, path)


def conditions(results: Sequence[Result], title: str, path: Path) -> None:
    """Plot balanced accuracy and the share of faces not found, under each condition, into `path`."""
    figure = Figure(figsize=(8, 0.8 + 0.38 * len(results)), layout="constrained")
    axis = figure.subplots()
    heights = range(len(results), 0, -1)
    bars = axis.barh(
        heights, [r.balanced_accuracy for r in results], color="tab:blue", label="balanced accuracy"
    )
    axis.bar_label(bars, fmt="%.2f", padding=3)
    axis.barh(heights, [r.not_found for r in results], height=0.3, color="tab:orange", label="face not found")
    axis.axvline(1 / len(results[0].recall), color="grey", linestyle=":", label="chance")
    axis.set_yticks(heights, [r.condition for r in results])
    axis.set(xlim=(0, 1), title=title)
    figure.legend(loc="outside lower center", ncols=3)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
