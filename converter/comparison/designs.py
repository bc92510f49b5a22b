"""Draws networks side by side, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

from converter.networks.cost import multiply_adds, of_layer

# What is drawn: layers with weights, and those that change the size of the picture. Batch normalization is
# not, since it becomes a part of the convolution before it.
NAMES = {
    keras.layers.Conv2D: "convolution",
    keras.layers.DepthwiseConv2D: "depthwise convolution",
    keras.layers.Dense: "dense",
    keras.layers.MaxPooling2D: "maximum of 2x2",
    keras.layers.AveragePooling2D: "mean of 2x2",
    keras.layers.GlobalAveragePooling2D: "mean of the picture",
    keras.layers.Flatten: "flattened",
    keras.layers.Add: "shortcut added",
}
COLOURS = {"Conv2D": "#2f6db3", "DepthwiseConv2D": "#5b9bd5", "Dense": "#c8442f", "Add": "#c9ced6"}
POOLING = "#f0a73c"
WIDTH = 0.72  # of the widest bar, as a share of the column; shortcuts are drawn beside them


@dataclass(frozen=True)
class Step:
    """One layer of a drawing.

    Attributes:
        kind: the layer's class.
        text: what it does, and what comes out.
        values: how many numbers come out.
        shortcut: whether it is in a shortcut around other layers.
    """

    kind: str
    text: str
    values: int
    shortcut: bool


def steps(network: keras.Model) -> list[Step]:
    """Return the layers of a network that are drawn, in order."""
    shortcuts = _shortcuts(network)
    return [_step(layer, layer in shortcuts) for layer in network.layers if isinstance(layer, tuple(NAMES))]


def _shortcuts(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of each addition's shorter branch."""
    producers = {id(layer.output): layer for layer in network.layers}

    def inputs(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
        return [producers[id(tensor)] for tensor in keras.tree.flatten(layer.input)]

    def before(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
        found = [layer]
        while found[-1] is not network.layers[0]:
            found.append(inputs(found[-1])[0])
        return found

    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.Add):
            one, other = map(before, inputs(layer))
            first = [each for each in one if each not in other]
            second = [each for each in other if each not in one]
            found += first if len(first) < len(second) else second
    return found


def _step(layer: keras.layers.Layer, shortcut: bool) -> Step:
    kind = type(layer).__name__
    text = NAMES[type(layer)]
    if kind in ("Conv2D", "DepthwiseConv2D"):
        text += f" {_size(layer.kernel_size)}"
        text += f", stride {layer.strides[0]}" if layer.strides[0] > 1 else ""
    text += f" → {_size(layer.output.shape[1:])}"
    if layer.count_params():
        text += f"; {_count(layer.count_params())} weights, {_count(of_layer(layer))} multiply-adds"
    return Step(kind, text, int(np.prod(layer.output.shape[1:])), shortcut)


def _size(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _count(number: int) -> str:
    if number < 1e3:
        return str(number)
    return f"{number / 1e6:.2f} M" if number >= 1e5 else f"{number / 1e3:.1f} k"


def draw(networks: Sequence[keras.Model], titles: Sequence[str], path: Path) -> None:
    """Draw networks beside each other into `path`.

    The width of a bar grows with the logarithm of how many numbers a layer gives.
    """
    columns = [steps(network) for network in networks]
    most = max(map(len, columns))
    figure = Figure(figsize=(7.5 * len(networks), 1 + 0.34 * most), layout="constrained")
    widest = max(step.values for column in columns for step in column)
    for axis, network, column, title in zip(
        figure.subplots(1, len(networks), squeeze=False)[0], networks, columns, titles, strict=True
    ):
        heights = -np.arange(len(column))
        widths = np.array([WIDTH * np.log1p(step.values) / np.log1p(widest) for step in column])
        # A layer of a shortcut stands to the right of those that it leads around.
        middles = np.array([1 - WIDTH / 2 if step.shortcut else WIDTH / 2 for step in column])
        colours = [COLOURS.get(step.kind, POOLING) for step in column]
        axis.barh(heights, widths, color=colours, alpha=0.55, height=0.8, left=middles - widths / 2)
        for height, middle, step in zip(heights, middles, column, strict=True):
            axis.text(middle, height, step.text, ha="center", va="center", fontsize=7.5)
        axis.set(ylim=(-most + 0.4, 0.6), xlim=(-0.02, 1.02))
        axis.set_axis_off()
        axis.set_title(
            f"{title}: {_count(network.count_params())} weights, "
            f"{_count(multiply_adds(network))} multiply-adds"
        )
    figure.savefig(path, dpi=100)
