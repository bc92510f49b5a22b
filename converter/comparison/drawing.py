"""Plots of a comparison: accuracy against cost, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from converter.comparison.report import Row
from converter.measure import plots

Point = tuple[float, float]

# Where a label may be beside its dot, in points: right, left, above, below, then farther away.
PLACES = tuple(
    (across * distance, up * distance)
    for distance in (10, 20, 30, 45, 60, 80)
    for across, up in ((1, 0.6), (1, -0.6), (-1, 0.6), (-1, -0.6), (0.2, 1.2), (0.2, -1.2))
)

NEAR = 10  # a label that is farther up or down gets a line to its dot


def plot(rows: Sequence[Row], path: Path) -> None:
    """Plot the accuracy by FER2013's labels against the multiply-adds; the area of a dot is a file's size."""
    drawing = Drawing(figsize=(9, 5.5), layout="constrained")
    axis = drawing.subplots()
    labels: list[tuple[str, Point]] = []
    obstacles: list[tuple[Point, float]] = []
    for row in rows:
        figure = row.figure(lambda each: each.labels)
        assert figure is not None
        cost = row.mean(lambda each: each.multiply_adds) / 1e6
        size = row.mean(lambda each: each.bytes) / 1e3
        axis.errorbar(cost, figure.value, yerr=figure.error, color="#1b2a3a", capsize=3, elinewidth=1)
        axis.scatter(cost, figure.value, s=size / 4 + 10, color=plots.BLUE, alpha=0.6)
        labels.append((f"{row.name}, {size:.0f} kB", (cost, figure.value)))
        obstacles += [((cost, figure.value + up * figure.error), 4) for up in (-1, -0.5, 0.5, 1)]
        obstacles.append(((cost, figure.value), np.sqrt(size / 4 + 10) / 2))
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_major_formatter(plots.percent_ticks())
    axis.margins(x=0.2, y=0.1)
    axis.set(
        xlabel="multiply-adds for a crop, in millions",
        ylabel="accuracy on PrivateTest by FER2013's labels, seven moods",
    )
    axis.grid(alpha=0.3)
    drawing.draw_without_rendering()  # the scales of the axes are known only then
    _place(axis, labels, obstacles, drawing.get_dpi() / 72)
    drawing.savefig(path, dpi=110)


def _place(
    axis: Axes,
    labels: Sequence[tuple[str, Point]],
    obstacles: Sequence[tuple[Point, float]],
    point_size: float,
) -> None:
    """Write each label near its point where it hides nothing.

    Args:
        axis: with everything else in it.
        labels: each with the point that it belongs to.
        obstacles: points that no label may hide, each with a radius in points.
        point_size: pixels of a point of typography.
    """
    taken = []
    for point, radius in obstacles:
        x, y = axis.transData.transform(point)
        taken.append(Bbox.from_bounds(x, y, 0, 0).padded(radius * point_size))
    frame = axis.get_window_extent()
    for text, point in labels:
        for rest, (across, up) in enumerate(PLACES, 1 - len(PLACES)):
            side = "left" if across > 0 else "right"
            label = axis.annotate(
                text,
                point,
                xytext=(across, up),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=9,
            )
            box = label.get_window_extent()
            inside = frame.contains(*box.min) and frame.contains(*box.max)
            if rest == 0 or (inside and not any(map(box.overlaps, taken))):
                break
            label.remove()
        taken.append(box)
        if abs(up) > NEAR:
            line = {"arrowstyle": "-", "color": "#8a939c", "linewidth": 0.7}
            axis.annotate("", point, xytext=(across, up), textcoords="offset points", arrowprops=line)


def plot_confusion(row: Row, path: Path) -> None:
    """Plot the confusion matrix of a method by FER2013's labels; several seeds count together."""
    matrix = np.sum([each.confusion for each in row.scores], axis=0)
    accuracy = row.mean(lambda each: each.labels.value)
    plots.confusion(matrix, row.scores[0].moods, f"{row.name}, PrivateTest: {100 * accuracy:.1f} %", path)
