"""Plots of a comparison: accuracy against cost, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.path import Path as Line
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from converter.comparison.report import Row
from converter.measure import plots

Point = tuple[float, float]

# Where a label may be beside its dot, in points from the dot's edge: nearest first, and to the right first.
DISTANCES = (5, 12, 20, 30, 45, 60, 80, 100)
DIRECTIONS = tuple(
    np.array((across, up)) / np.hypot(across, up) for up in (0.5, -0.5, 1, -1, 3, -3) for across in (1, -1)
)
PLACES = tuple((distance, direction) for distance in DISTANCES for direction in DIRECTIONS)


@dataclass(frozen=True)
class Label:
    """What is written beside a dot.

    Attributes:
        text: what it says.
        point: the dot's middle, in the data's units.
        radius: of the dot, in points.
    """

    text: str
    point: Point
    radius: float


def plot(rows: Sequence[Row], path: Path) -> None:
    """Plot the accuracy by FER2013's labels against the multiply-adds; the area of a dot is a file's size."""
    drawing = Drawing(figsize=(9, 5.5), dpi=110, layout="constrained")
    axis = drawing.subplots()
    labels: list[Label] = []
    obstacles: list[tuple[Point, float]] = []
    for row in rows:
        figure = row.figure(lambda each: each.labels)
        assert figure is not None
        cost = row.mean(lambda each: each.multiply_adds) / 1e6
        size = row.mean(lambda each: each.bytes) / 1e3
        axis.errorbar(cost, figure.value, yerr=figure.error, color="#1b2a3a", capsize=3, elinewidth=1)
        area = size / 4 + 10
        axis.scatter(cost, figure.value, s=area, color=plots.BLUE, alpha=0.6)
        labels.append(Label(f"{row.name}, {size:.0f} kB", (cost, figure.value), np.sqrt(area) / 2))
        obstacles += [((cost, figure.value + up * figure.error), 4) for up in (-1, -0.5, 0.5, 1)]
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
    drawing.savefig(path)


def _place(
    axis: Axes, labels: Sequence[Label], obstacles: Sequence[tuple[Point, float]], point_size: float
) -> None:
    """Write each label near its dot, where it hides nothing; one farther away gets a line, and none cross.

    Args:
        axis: with everything else in it.
        labels: of the dots.
        obstacles: points besides the dots that no label may hide, each with a radius in points.
        point_size: pixels of a point of typography.
    """
    taken = [
        Bbox([axis.transData.transform(point)] * 2).padded(radius * point_size)
        for point, radius in (*obstacles, *((label.point, label.radius) for label in labels))
    ]
    written: list[Bbox] = []
    lines: list[Line] = []
    frame = axis.get_window_extent()
    for label in labels:
        middle = axis.transData.transform(label.point)
        # A line has to pass by the other dots, except for those that its own dot lies in.
        others = [other for other in taken if not other.contains(*middle)] + written
        for rest, (distance, direction) in enumerate(PLACES, 1 - len(PLACES)):
            edge, end = label.radius * direction, (label.radius + distance) * direction
            text = axis.annotate(
                label.text,
                label.point,
                xytext=tuple(end),
                textcoords="offset points",
                ha="left" if end[0] > 0 else "right",
                va="center",
                fontsize=9,
            )
            box = text.get_window_extent()
            own = [Line(middle + point_size * np.array((edge, end)))] if distance > DISTANCES[0] else []
            fits = (
                frame.contains(*box.min)
                and frame.contains(*box.max)
                and not any(map(box.overlaps, taken + written))
                and not any(line.intersects_bbox(box, filled=False) for line in lines)
                and not any(line.intersects_bbox(other, filled=False) for line in own for other in others)
                and not any(line.intersects_path(other, filled=False) for line in own for other in lines)
            )
            if fits or rest == 0:
                break
            text.remove()
        written.append(box)
        lines += own
        if own:
            look = {
                "arrowstyle": "-",
                "color": "#8a939c",
                "linewidth": 0.7,
                "shrinkA": 0,
                "shrinkB": label.radius,
            }
            axis.annotate("", label.point, xytext=tuple(end), textcoords="offset points", arrowprops=look)


def plot_confusion(row: Row, path: Path) -> None:
    """Plot the confusion matrix of a method by FER2013's labels; several seeds count together."""
    matrix = np.sum([each.confusion for each in row.scores], axis=0)
    plots.confusion(matrix, row.scores[0].moods, f"{row.name}, PrivateTest", path)
