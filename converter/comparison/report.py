"""The rows of a comparison and their table."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from converter.comparison.scores import Figure, Scores

HEAD = (
    *("method", "after", "seeds", "labels", "labels, three", "macro F1", "FER+", "FER+, three"),
    *("parameters", "multiply-adds", "int8", "lost by int8", "time", "arm64", "photos", "claimed"),
)


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: of the method.
        source: whom it follows.
        claim: what the source says.
        scores: of the model of each seed.
        instructions: on arm64 for one crop, in millions; None if they were not counted.
    """

    name: str
    source: str
    claim: str
    scores: Sequence[Scores]
    instructions: float | None = None

    def mean(self, value: Callable[[Scores], float]) -> float:
        """Return the mean over the seeds."""
        return statistics.fmean(map(value, self.scores))

    def figure(self, value: Callable[[Scores], Figure | None]) -> Figure | None:
        """Return the mean over the seeds; its error is that over faces, or that over seeds if larger."""
        figures = [figure for each in self.scores if (figure := value(each)) is not None]
        if not figures:
            return None
        values = [figure.value for figure in figures]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        return Figure(
            statistics.fmean(values), max(spread, statistics.fmean(figure.error for figure in figures))
        )


def best_first(rows: Sequence[Row]) -> list[Row]:
    """Sort the rows by the accuracy by FER2013's labels."""
    return sorted(rows, key=lambda row: -row.mean(lambda each: each.labels.value))


def table(rows: Sequence[Row]) -> str:
    """Format the rows as Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(row: Row) -> list[str]:
    return [
        f"`{row.name}`",
        row.source,
        str(len(row.scores)),
        _percent(row.figure(lambda each: each.labels)),
        _percent(row.figure(lambda each: each.labels_of_three)),
        f"{row.mean(lambda each: each.macro_f1):.3f}",
        _percent(row.figure(lambda each: each.votes)),
        _percent(row.figure(lambda each: each.votes_of_three)),
        f"{row.mean(lambda each: each.parameters) / 1e6:.2f} M",
        f"{row.mean(lambda each: each.multiply_adds) / 1e6:.1f} M",
        f"{row.mean(lambda each: each.bytes) / 1e3:.0f} kB",
        f"{100 * row.mean(lambda each: each.lost_by_int8):+.1f}",
        f"{row.mean(lambda each: each.milliseconds):.2f} ms",
        "-" if row.instructions is None else f"{row.instructions:.1f} M",
        _share(row.figure(lambda each: each.photos)),
        row.claim,
    ]


def _percent(figure: Figure | None) -> str:
    return "-" if figure is None else f"{100 * figure.value:.1f} ± {100 * figure.error:.1f} %"


def _share(figure: Figure | None) -> str:
    return "-" if figure is None else f"{figure.value:.3f} ± {figure.error:.3f}"


def mean_of(instructions: Mapping[str, float], scores: Sequence[Scores]) -> float | None:
    """Return the mean of the instructions of the models that were counted; None if none was.

    Args:
        instructions: by the model's sha256, in millions.
        scores: of the models.
    """
    counted = [instructions[each.sha256] for each in scores if each.sha256 in instructions]
    return statistics.fmean(counted) if counted else None
