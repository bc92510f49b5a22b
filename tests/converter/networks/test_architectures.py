"""The networks have the layers, sizes and outputs that are expected of them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from converter.networks import architectures as networks
from converter.networks.cost import multiply_adds
from converter.networks.fused_normalization import FusedNormalization
from converter.networks.names import DESCRIPTIONS
from converter.networks.outputs import as_input
from tests.converter.networks.built import built


def test_the_papers_network_has_these_layers() -> None:
    found = [
        (
            type(layer).__name__,
            *(tuple(weights.shape) for weights in layer.weights[:1]),
            layer.output.shape[1:],
        )
        for layer in built("paper").layers[1:]  # after the input
    ]
    assert found == [
        ("Rescaling", (48, 48, 1)),
        ("Conv2D", (3, 3, 1, 32), (46, 46, 32)),
        ("Conv2D", (3, 3, 32, 64), (44, 44, 64)),
        ("MaxPooling2D", (22, 22, 64)),
        ("Dropout", (22, 22, 64)),
        ("Conv2D", (3, 3, 64, 128), (20, 20, 128)),
        ("MaxPooling2D", (10, 10, 128)),
        ("Conv2D", (3, 3, 128, 128), (8, 8, 128)),
        ("MaxPooling2D", (4, 4, 128)),
        ("Dropout", (4, 4, 128)),
        ("Flatten", (2048,)),
        ("Dense", (2048, 1024), (1024,)),
        ("Dropout", (1024,)),
        ("Dense", (1024, 7), (7,)),
    ]


def test_the_papers_network_drops_a_quarter_a_quarter_and_a_half() -> None:
    rates = [layer.rate for layer in built("paper").layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25, 0.25, 0.5]


def test_the_papers_network_has_relu_up_to_the_softmax() -> None:
    layers = [layer for layer in built("paper").layers if hasattr(layer, "activation")]
    assert [layer.activation.__name__ for layer in layers] == ["relu"] * 5 + ["softmax"]


@pytest.mark.parametrize(("moods", "parameters"), [(3, 2_341_507), (7, 2_345_607)])
def test_the_papers_network_has_as_many_parameters_as_the_paper_says(moods: int, parameters: int) -> None:
    assert built("paper", moods).count_params() == parameters


def test_every_network_maps_grey_values_to_probabilities() -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 48, 48)).astype(np.uint8)
    for name in networks.NETWORKS:
        answers = np.asarray(built(name)(as_input(images)))
        assert answers.shape == (4, 7)
        assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_networks_that_train_offers_are_those_that_can_be_trained() -> None:
    assert set(DESCRIPTIONS) == set(networks.NETWORKS) - set(networks.FITTED)


def test_the_input_has_the_grey_values_of_the_images() -> None:
    images = np.arange(48 * 48, dtype=np.uint16).reshape(1, 48, 48).astype(np.uint8)
    converted = as_input(images)
    assert converted.shape == (1, 48, 48, 1)
    assert converted.dtype == np.float32
    assert np.array_equal(converted[..., 0], images)


@pytest.mark.parametrize("moods", [3, 7])
def test_the_boxs_networks_together_are_small_enough_for_a_small_processor(moods: int) -> None:
    both = (built("residual", moods), built("slim", moods))
    assert sum(network.count_params() for network in both) < 1_250_000
    assert sum(map(multiply_adds, both)) < 80_000_000


@pytest.mark.parametrize("name", ["broad", "squeezed", "depthwise", "fine"])
def test_a_variant_needs_as_many_multiply_adds_as_the_boxs_network(name: str) -> None:
    boxs, variant = (multiply_adds(built(each)) for each in ("residual", name))
    assert variant == pytest.approx(boxs, rel=0.05)


@pytest.mark.parametrize("name", ["residual", "squeezed", "depthwise"])
def test_the_boxs_networks_take_images_of_any_side(name: str) -> None:
    network = networks.NETWORKS[name](3, side=None)
    for side in (32, 40, 48):
        assert network(np.zeros((2, side, side, 1), np.float32)).shape == (2, 3)


def test_fused_batch_normalization_computes_the_same_as_keras() -> None:
    inputs = np.random.default_rng(1).normal(3, 2, (64, 5, 5, 4)).astype(np.float32)
    fused = FusedNormalization(momentum=0.9, epsilon=1e-3)
    keras_own = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    for training in (True, True, False):
        first, second = (np.asarray(layer(inputs, training=training)) for layer in (fused, keras_own))
        assert first == pytest.approx(second, abs=3e-3)
    for first, second in zip(fused.get_weights(), keras_own.get_weights(), strict=True):
        assert first == pytest.approx(second, rel=1e-2)  # it divides by n-1 where Keras divides by n
