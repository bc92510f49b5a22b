"""Plots the history of training runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure


def draw(histories: Sequence[Sequence[Mapping[str, float]]], path: Path) -> None:
    """Plot loss and accuracy by epoch, on Training and PublicTest, into `path`; a row for each run."""
    figure = Figure(figsize=(9, 3.5 * len(histories)), layout="constrained")
    rows = figure.subplots(len(histories), 2, squeeze=False)
    for axes, history in zip(rows, histories, strict=True):
        epochs = [entry["epoch"] for entry in history]
        for axis, name in zip(axes, ("loss", "accuracy"), strict=True):
            axis.plot(epochs, [entry[name] for entry in history], label="Training (augmented, dropout)")
            axis.plot(epochs, [entry[f"val_{name}"] for entry in history], label="PublicTest")
            axis.set(xlabel="epoch", title=name)
            axis.grid(alpha=0.3)
    rows[0][0].legend()
    figure.savefig(path, dpi=110)
