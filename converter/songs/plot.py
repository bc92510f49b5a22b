"""Plots what the box hears against what people said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from converter.songs.fitting import Agreement
from converter.songs.sounds import AS_WRITTEN

BLUE, GREY = "#2f6db3", "#b9c0ca"


def agreement(by_side: dict[str, Agreement], versions: list[str], path: Path) -> None:
    """Plot a point for each sound: across what people said, upwards what the box hears, for other games."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    as_written = np.array(versions) == AS_WRITTEN
    for axis, (side, each) in zip(figure.subplots(1, 2), by_side.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="#555555", linestyle=":", linewidth=1)
        for chosen, color, size, label in (
            (~as_written, GREY, 3, "other instruments, MP3, phone"),
            (as_written, BLUE, 14, "piano"),
        ):
            axis.scatter(each.people[chosen], each.predicted[chosen], s=size, color=color, label=label)
        axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel="people", ylabel="the box, by sound alone")
        axis.set_title(f"{side}: r = {each.as_written:.2f} (piano)", fontsize=11)
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, bbox_inches="tight")  # the titles lie outside of axes with equal aspects
