"""The networks of the systems that the paper cites, each rebuilt after its short description.

We know only a few words of each: how many convolutions, poolings and dense layers it has. The rest (kernels,
widths, strides, padding) is chosen here. Each function builds a network from grey values, float32
(n, 48, 48, 1), 0-255, up to the features that the output is made from.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from converter.networks.fused_normalization import FusedNormalization


def xception(crop: Any) -> Any:
    """Xception (Chollet 2017) made small, after Helaly and Hajjaji: separable convolutions and shortcuts."""
    x = _normalized(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(_centered(crop)))
    x = _normalized(layers.Conv2D(32, 3, padding="same", use_bias=False)(x))
    for width in (64, 128):  # the entry flow: each module halves the side
        shortcut = layers.Conv2D(width, 1, strides=2, padding="same", use_bias=False)(x)
        x = _normalized(_separable(x, width))
        x = _normalized(_separable(x, width), activation=None)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.Activation("relu")(layers.Add()([x, _normalized(shortcut, activation=None)]))
    for _ in range(2):  # the middle flow
        y = _normalized(_separable(x, 128))
        y = _normalized(_separable(y, 128), activation=None)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    x = _normalized(_separable(x, 192))  # the exit flow
    return layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))


def conv4pool2(crop: Any) -> Any:
    """Four convolutions and two poolings, after Ansamma; the second dense layer is the output."""
    x = _convolution(_centered(crop), 32)
    x = layers.MaxPooling2D()(_convolution(x, 32))
    x = _convolution(x, 64)
    x = layers.MaxPooling2D()(_convolution(x, 64))
    return layers.Dense(128, activation="relu")(layers.Flatten()(x))


def conv4pool4(crop: Any) -> Any:
    """Four convolutions, four poolings, dropout, after Begaj; the second dense layer is the output."""
    x = _centered(crop)
    for width in (32, 64, 128, 256):
        x = layers.MaxPooling2D()(_convolution(x, width))
    x = layers.Dropout(0.25)(layers.Flatten()(x))
    return layers.Dropout(0.5)(layers.Dense(256, activation="relu")(x))


def nine_layer(crop: Any) -> Any:
    """Four convolutions, each with a pooling, and the output, nine layers, after Liu."""
    x = _centered(crop)
    for width, kernel in ((32, 5), (64, 3), (64, 3), (128, 3)):
        x = layers.MaxPooling2D(3, strides=2, padding="same")(_convolution(x, width, kernel))
    return layers.Flatten()(x)


def efficientnet_lite(crop: Any) -> Any:
    """EfficientNet-Lite made small, after Ab Wahab: inverted bottlenecks with ReLU6.

    The side is halved three times where EfficientNet, for images of 224 pixels, halves it five times.
    """
    x = _normalized(
        layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False)(_centered(crop)), activation="relu6"
    )
    # As in EfficientNet-Lite0: width, kernel, stride, blocks.
    for width, kernel, stride, blocks in ((24, 3, 1, 1), (40, 5, 2, 2), (80, 3, 2, 2), (112, 5, 1, 1)):
        for block in range(blocks):
            x = _inverted_bottleneck(x, width, kernel, stride if block == 0 else 1)
    x = _normalized(layers.Conv2D(FEATURES, 1, use_bias=False)(x), activation="relu6")
    return layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))


FEATURES = 128  # that `efficientnet_lite` ends in
EXPANSION = 4  # of a bottleneck; EfficientNet has 6


def _centered(crop: Any) -> Any:
    return layers.Rescaling(1 / 127.5, offset=-1)(crop)


def _convolution(x: Any, width: int, kernel: int = 3) -> Any:
    return layers.Conv2D(width, kernel, padding="same", activation="relu")(x)


def _separable(x: Any, width: int) -> Any:
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    return layers.Conv2D(width, 1, use_bias=False)(x)


def _normalized(x: Any, activation: str | None = "relu") -> Any:
    x = FusedNormalization(momentum=0.99, epsilon=1e-3)(x)
    return layers.Activation(activation)(x) if activation else x


def _inverted_bottleneck(x: Any, width: int, kernel: int, stride: int) -> Any:
    y = _normalized(layers.Conv2D(EXPANSION * x.shape[-1], 1, use_bias=False)(x), activation="relu6")
    y = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False)(y)
    y = _normalized(y, activation="relu6")
    y = _normalized(layers.Conv2D(width, 1, use_bias=False)(y), activation=None)
    return layers.Add()([x, y]) if y.shape == x.shape else y
