"""Residual networks up to their features: blocks of convolutions with a shortcut (He et al. 2016).

`deep` is the box's own, and `residual` was before. Those after `large` are variants of `residual` that need
about as many multiply-adds: models/RUNS.md says what they were tried for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import layers, ops

from converter.networks.fused_normalization import FusedNormalization

Block = Callable[[Any, int, int], Any]


def residual(crop: Any) -> Any:
    """Build the box's network of before: 0.7 million parameters, 46 million multiply-adds."""
    return _features(crop, ((32, 1), (64, 2), (128, 2)))


def slim(crop: Any) -> Any:
    """Build a narrower and deeper one: 0.5 million parameters, 33 million multiply-adds."""
    return _features(crop, ((24, 1), (48, 2), (96, 3)))


def deep(crop: Any) -> Any:
    """Build the box's network: 1.3 million parameters, 86 million multiply-adds."""
    return _features(crop, ((32, 2), (64, 3), (144, 3)))


def wide(crop: Any) -> Any:
    """Build `residual` with twice the widths, a teacher for two cores: four times the multiply-adds."""
    return _features(crop, ((64, 1), (128, 2), (256, 2)), stem=32)


def large(crop: Any) -> Any:
    """Build a teacher for an accelerator, almost as large as ResNet-18: 7.7 million parameters.

    It needs 266 million multiply-adds. As float16 its weights are smaller than 16 MB.
    """
    return _features(crop, ((64, 2), (128, 2), (256, 2), (384, 2)))


def broad(crop: Any) -> Any:
    """Build a variant with a wider last stage, and one block less before it."""
    return _features(crop, ((32, 1), (64, 1), (160, 2)))


def squeezed(crop: Any) -> Any:
    """Build a variant whose blocks weight their channels (squeeze-and-excitation, Hu et al. 2018)."""
    return _features(crop, ((32, 1), (64, 2), (128, 2)), block=_excited_block)


def depthwise(crop: Any) -> Any:
    """Build a variant of depthwise and 1x1 convolutions, which is three times as wide."""
    return _features(crop, ((88, 1), (184, 2), (360, 2)), block=_depthwise_block)


def fine(crop: Any) -> Any:
    """Build a variant that enlarges the crop to 64 pixels, and is narrower."""
    return _features(ops.image.resize(crop, (64, 64)), ((24, 1), (48, 2), (96, 2)), stem=12)


def _block(x: Any, width: int, strides: int) -> Any:
    y = _convolution(x, width, strides=strides)
    y = _convolution(y, width, activation=None)
    return _with_shortcut(x, y, width, strides)


def _excited_block(x: Any, width: int, strides: int) -> Any:
    y = _convolution(x, width, strides=strides)
    y = _convolution(y, width, activation=None)
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(y)
    excited = layers.Conv2D(width // 4, 1, activation="relu")(squeezed)
    y = layers.Multiply()([y, layers.Conv2D(width, 1, activation="sigmoid")(excited)])
    return _with_shortcut(x, y, width, strides)


def _depthwise_block(x: Any, width: int, strides: int) -> Any:
    y = x
    for step, activation in ((strides, "relu"), (1, None)):
        y = layers.DepthwiseConv2D(3, strides=step, padding="same", use_bias=False)(y)
        y = FusedNormalization(momentum=0.99, epsilon=1e-3)(y)
        y = _convolution(y, width, size=1, activation=activation)
    return _with_shortcut(x, y, width, strides)


def _features(crop: Any, stages: Sequence[tuple[int, int]], stem: int = 16, block: Block = _block) -> Any:
    """stages: width and number of blocks of each; the first block of a stage halves the side."""
    x = layers.Rescaling(1 / 127.5, offset=-1)(crop)
    x = _convolution(x, stem)
    for width, blocks in stages:
        for number in range(blocks):
            x = block(x, width, 2 if number == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dropout(0.2)(x)


def _convolution(x: Any, width: int, size: int = 3, strides: int = 1, activation: str | None = "relu") -> Any:
    x = layers.Conv2D(width, size, strides=strides, padding="same", use_bias=False)(x)
    x = FusedNormalization(momentum=0.99, epsilon=1e-3)(x)
    return layers.Activation(activation)(x) if activation else x


def _with_shortcut(x: Any, y: Any, width: int, strides: int) -> Any:
    if strides > 1:
        x = layers.AveragePooling2D(strides)(x)
    if x.shape[-1] != width:
        x = _convolution(x, width, size=1, activation=None)
    return layers.Activation("relu")(layers.Add()([x, y]))
