"""The networks after the paper's sources have the layers that the sources tell of, and become int8."""

from __future__ import annotations

from collections import Counter

import keras
import numpy as np
import pytest

from converter.networks.cost import multiply_adds
from converter.networks.edges import edges
from converter.networks.prototypes import PrototypeVotes
from converter.quantize.int8 import quantize
from device.vision.tflite import interpreter
from tests.converter import drawn
from tests.converter.networks.built import built


def counted(name: str) -> Counter[str]:
    return Counter(type(layer).__name__ for layer in built(name).layers)


def test_conv4pool2_has_four_convolutions_two_poolings_and_two_dense_layers() -> None:
    layers = counted("conv4pool2")
    assert [layers[kind] for kind in ("Conv2D", "MaxPooling2D", "Dense", "Dropout")] == [4, 2, 2, 0]


def test_conv4pool4_has_four_convolutions_four_poolings_two_dense_layers_and_dropout() -> None:
    layers = counted("conv4pool4")
    assert [layers[kind] for kind in ("Conv2D", "MaxPooling2D", "Dense", "Dropout")] == [4, 4, 2, 2]


def test_nine_layer_has_four_convolutions_four_poolings_and_the_output() -> None:
    layers = counted("nine_layer")
    assert [layers[kind] for kind in ("Conv2D", "MaxPooling2D", "Dense")] == [4, 4, 1]


def test_xception_has_separable_convolutions_and_shortcuts() -> None:
    layers = counted("xception")
    assert (layers["DepthwiseConv2D"], layers["Add"]) == (9, 4)


def test_edges_learns_only_a_small_classifier() -> None:
    network = built("edges")
    learned = {layer.name for layer in network.layers if layer.trainable_weights}
    assert len(learned) == 3  # the normalization, and two dense layers
    assert network.count_params() < 40_000


@pytest.mark.parametrize(
    ("name", "parameters", "cost"),
    [
        ("xception", 150_839, 14_604_096),
        ("conv4pool2", 1_245_671, 54_928_256),
        ("conv4pool4", 979_719, 33_105_664),
        ("nine_layer", 138_183, 20_430_720),
        ("edges", 36_349, 218_434),
        ("efficientnet_lite", 201_759, 14_319_104),
        ("paper", 2_345_607, 77_326_464),
    ],
)
def test_a_network_has_this_size_and_cost(name: str, parameters: int, cost: int) -> None:
    network = built(name)
    assert (network.count_params(), multiply_adds(network)) == (parameters, cost)


def test_multiply_adds_are_counted_for_each_place_and_each_weight() -> None:
    crop = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, padding="same")(crop)  # 64 places, 27 weights for each of 5 channels
    x = keras.layers.DepthwiseConv2D(3, strides=2, padding="same")(x)  # 16 places, 9 weights for each channel
    x = keras.layers.Dense(2)(keras.layers.Flatten()(x))  # 80 weights for each of 2
    assert multiply_adds(keras.Model(crop, x)) == 64 * 27 * 5 + 16 * 9 * 5 + 80 * 2


@pytest.mark.training
def test_edges_and_prototypes_become_int8() -> None:
    keras.config.set_dtype_policy("float32")  # a training in the same process leaves its own
    crop = keras.Input((48, 48, 1))
    pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(12)(crop))
    both = keras.layers.Concatenate()([edges(crop), PrototypeVotes(7)(pooled)])
    generator = np.random.default_rng(1)
    images = np.stack([drawn.face(mood, generator) for mood in drawn.MOODS * 4])
    images[0, 0, :2] = (0, 255)  # so that the input keeps its grey values
    model = interpreter(quantize(keras.Model(crop, keras.layers.Dense(7, "softmax")(both)), images))
    assert [tuple(output["shape"]) for output in model.get_output_details()] == [(1, 7)]
