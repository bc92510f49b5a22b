"""The pictures: a run's history, and a confusion matrix. matplotlib is loaded when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from converter.measure.conditions import Result


def history(runs: Sequence[Sequence[Mapping[str, float]]], path: Path) -> None:
    """Loss and accuracy by epoch, training and PublicTest; a row for each run."""
    size = (9, 3.5 * len(runs))
    figure, rows = plt.subplots(len(runs), 2, figsize=size, layout="constrained", squeeze=False)
    for axes, epochs in zip(rows, runs, strict=True):
        number = [entry["epoch"] for entry in epochs]
        for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
            axis.plot(number, [entry[name] for entry in epochs], label="Training (augmented, dropout)")
            axis.plot(number, [entry[f"val_{name}"] for entry in epochs], label="PublicTest")
            axis.set(xlabel="epoch", title=name)
            axis.grid(alpha=0.3)
    rows[0][0].legend()
    _save(figure, path)


def confusion(matrix: NDArray[np.int64], labels: Sequence[str], title: str, path: Path) -> None:
    """Rows are the truth, columns the answer; coloured by the share of the row."""
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    size = 1.6 + 0.75 * len(labels)
    figure, axis = plt.subplots(figsize=(size, size), layout="constrained")
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
    """Balanced accuracy under each condition, and how often the face was not found."""
    figure, axis = plt.subplots(figsize=(8, 0.8 + 0.38 * len(results)), layout="constrained")
    places = range(len(results), 0, -1)
    bars = axis.barh(
        places, [r.balanced_accuracy for r in results], color="tab:blue", label="balanced accuracy"
    )
    axis.bar_label(bars, fmt="%.2f", padding=3)
    axis.barh(places, [r.lost for r in results], height=0.3, color="tab:orange", label="face not found")
    axis.axvline(1 / len(results[0].recall), color="grey", linestyle=":", label="chance")
    axis.set_yticks(places, [r.condition for r in results])
    axis.set(xlim=(0, 1), title=title)
    figure.legend(loc="outside lower center", ncols=3)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
