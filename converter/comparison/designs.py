"""Draws networks side by side, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

from converter.networks.cost import of_layer

# What is drawn: layers with weights, and those that change the size of the picture.
LAYERS = (
    *(keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense, keras.layers.MaxPooling2D),
    *(keras.layers.AveragePooling2D, keras.layers.GlobalAveragePooling2D, keras.layers.Add),
)
COLOURS = {"Conv2D": "#2f6db3", "DepthwiseConv2D": "#5b9bd5", "Dense": "#c8442f", "Add": "#c9ced6"}
POOLING = "#f0a73c"


@dataclass(frozen=True)
class Step:
    """One layer of a drawing.

    Attributes:
        kind: the layer's class.
        text: what it does, and what comes out.
        values: how many numbers come out.
    """

    kind: str
    text: str
    values: int


def steps(network: keras.Model) -> list[Step]:
    """Return the layers of a network that are drawn, in order."""
    return [_step(layer) for layer in network.layers if isinstance(layer, LAYERS)]


def _step(layer: keras.layers.Layer) -> Step:
    kind = type(layer).__name__
    size = "x".join(map(str, layer.output.shape[1:]))
    names = {"GlobalAveragePooling2D": "mean of the picture", "AveragePooling2D": "mean of 2x2"}
    names |= {"MaxPooling2D": "maximum of 2x2", "Dense": "dense", "Add": "add the shortcut"}
    text = names.get(kind, "")
    if kind in ("Conv2D", "DepthwiseConv2D"):
        text = f"convolution {'x'.join(map(str, layer.kernel_size))}"
        text += f", every {layer.strides[0]}nd" if layer.strides[0] > 1 else ""
    text = f"{text}: {size}"
    if layer.count_params():
        text += f"; {layer.count_params():,} weights, {of_layer(layer) / 1e6:.1f} M multiply-adds"
    return Step(kind, text, int(np.prod(layer.output.shape[1:])))


def draw(networks: Sequence[keras.Model], titles: Sequence[str], path: Path) -> None:
    """Draw networks beside each other into `path`; the width of a bar is how many numbers a layer gives."""
    columns = [steps(network) for network in networks]
    most = max(map(len, columns))
    figure = Figure(figsize=(7.5 * len(networks), 0.8 + 0.34 * most), layout="constrained")
    widest = max(step.values for column in columns for step in column)
    for axis, column, title in zip(
        figure.subplots(1, len(networks), squeeze=False)[0], columns, titles, strict=True
    ):
        heights = -np.arange(len(column))
        widths = [np.log1p(step.values) / np.log1p(widest) for step in column]
        colours = [COLOURS.get(step.kind, POOLING) for step in column]
        axis.barh(heights, widths, color=colours, alpha=0.55, height=0.8, left=-np.array(widths) / 2)
        for height, step in zip(heights, column, strict=True):
            axis.text(0, height, step.text, ha="center", va="center", fontsize=7.5)
        axis.set(title=title, ylim=(-most + 0.4, 0.6), xlim=(-0.55, 0.55))
        axis.set_axis_off()
        axis.set_title(title)
    figure.savefig(path, dpi=100)
