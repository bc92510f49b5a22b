"""Plots of a confusion matrix, and of the scores under each condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from converter.measure.conditions import Result
from device.printable import percent

BLUE = "#2f6db3"


def percent_ticks() -> FuncFormatter:
    """Return what writes an axis of shares, from 0 to 1, as the box writes percentages."""
    return FuncFormatter(lambda share, _: f"{100 * share:g} %")


def confusion(matrix: NDArray[np.int64], labels: Sequence[str], subject: str, path: Path) -> None:
    """Plot a confusion matrix, (k, k), into `path`.

    Rows are the data's own labels, columns the predictions; the colour is the share of the row. `subject`
    says which model and which split it is.
    """
    right = np.trace(matrix) / max(matrix.sum(), 1)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = 1.6 + 0.75 * len(labels)
    figure = Figure(figsize=(size, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(labels))
    axis.set_xticks(ticks, labels, rotation=30)
    axis.set_yticks(ticks, labels)
    axis.set(xlabel="answer", ylabel="label", title=f"{subject}\nas labelled: {100 * right:.1f} %")
    for row in ticks:
        for column in ticks:
            axis.text(
                column,
                row,
                f"{matrix[row, column]}\n{percent(share[row, column])}",
                ha="center",
                va="center",
                color="white" if share[row, column] > 0.5 else "black",
            )
    _save(figure, path)


def conditions(results: Sequence[Result], title: str, path: Path) -> None:
    """Plot the scores under each condition into `path`.

    On the left is the balanced accuracy with its standard error; on the right, what a box says of the photos.
    """
    figure = Figure(figsize=(10, 1.6 + 0.42 * len(results)), layout="constrained")
    accuracy, answers = figure.subplots(1, 2, sharey=True, width_ratios=(2, 3))
    figure.suptitle(title, fontsize=12)
    heights = np.arange(len(results), 0, -1)
    figures = [result.everything for result in results]
    values = [each.balanced_accuracy.value for each in figures]
    errors = [each.balanced_accuracy.error for each in figures]
    accuracy.barh(heights, values, height=0.66, color=BLUE)
    accuracy.errorbar(values, heights, xerr=errors, fmt="none", ecolor="#1b2a3a", elinewidth=1.2, capsize=3)
    for height, value in zip(heights, values, strict=True):
        accuracy.text(0.02, height, f"{value:.3f}", va="center", color="white", fontweight="bold")
    chance = 1 / len(figures[0].recall)
    accuracy.axvline(chance, color="#555555", linestyle=":", linewidth=1.2)
    accuracy.text(chance + 0.01, len(results) + 0.55, "chance", color="#555555", fontsize=8)
    accuracy.set_yticks(heights, [result.condition for result in results])
    accuracy.set(xlim=(0, 1), ylim=(0.4, len(results) + 0.9))
    accuracy.set_title("balanced accuracy ± standard error", fontsize=10)
    left = np.zeros(len(results))
    for name, color, share in (
        ("right mood", BLUE, [each.coverage.value * each.precision.value for each in figures]),
        ("wrong mood", "#c8442f", [each.coverage.value * (1 - each.precision.value) for each in figures]),
        ("unsure", "#c9ced6", [1 - each.coverage.value - each.not_found.value for each in figures]),
        ("no face", "#f0a73c", [each.not_found.value for each in figures]),
    ):
        bars = answers.barh(heights, share, left=left, height=0.66, color=color, label=name)
        texts = [percent(each) if each >= 0.04 else "" for each in share]
        dark = color in (BLUE, "#c8442f")
        answers.bar_label(bars, texts, label_type="center", fontsize=8, color="white" if dark else "#222222")
        left += share
    answers.set(xlim=(0, 1))
    answers.xaxis.set_major_formatter(percent_ticks())
    answers.set_title("what the box says", fontsize=10)
    figure.legend(*answers.get_legend_handles_labels(), loc="outside lower right", ncols=4, frameon=False)
    for axis in (accuracy, answers):
        axis.tick_params(length=0)
        axis.spines[["top", "right", "left"]].set_visible(False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
