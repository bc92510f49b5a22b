from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from converter import networks
from converter.errors import RunError


def test_the_papers_network_layer_by_layer() -> None:
    found = [
        (
            type(layer).__name__,
            *(tuple(weights.shape) for weights in layer.weights[:1]),
            layer.output.shape[1:],
        )
        for layer in networks.paper(3).layers[1:]  # after the input
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
        ("Dense", (1024, 3), (3,)),
    ]


def test_the_papers_network_drops_a_quarter_a_quarter_and_a_half() -> None:
    rates = [layer.rate for layer in networks.paper(3).layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.25, 0.25, 0.5]


def test_the_papers_network_is_rectified_up_to_a_softmax() -> None:
    layers = [layer for layer in networks.paper(3).layers if hasattr(layer, "activation")]
    assert [layer.activation.__name__ for layer in layers] == ["relu"] * 5 + ["softmax"]


@pytest.mark.parametrize(("moods", "parameters"), [(3, 2_341_507), (7, 2_345_607)])
def test_the_papers_network_has_as_many_parameters_as_the_paper_says(moods: int, parameters: int) -> None:
    assert networks.paper(moods).count_params() == parameters


def test_every_network_takes_grey_values_and_gives_probabilities() -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 48, 48)).astype(np.uint8)
    for build in networks.NETWORKS.values():
        answers = build(3).predict(networks.as_input(images), verbose=0)
        assert answers.shape == (4, 3)
        assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_input_keeps_its_grey_values() -> None:
    images = np.arange(48 * 48, dtype=np.uint16).reshape(1, 48, 48).astype(np.uint8)
    made = networks.as_input(images)
    assert made.shape == (1, 48, 48, 1)
    assert made.dtype == np.float32
    assert np.array_equal(made[..., 0], images)


def test_a_network_trained_in_mixed_precision_is_restored_in_float32(run: Path) -> None:
    restored = networks.restore(run / "best.keras")
    assert {layer.dtype_policy.name for layer in restored.layers} == {"float32"}
    saved = keras.saving.load_model(run / "best.keras", compile=False)
    assert {layer.dtype_policy.name for layer in saved.layers} == {"mixed_bfloat16", "float32"}
    for one, other in zip(restored.get_weights(), saved.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_file_that_is_no_model_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "best.keras"
    if content:
        path.write_bytes(content)
    with pytest.raises(
        RunError, match=r"best\.keras: cannot be loaded .*; expected a model that `train` saved"
    ):
        networks.restore(path)


def test_a_network_of_another_name_is_refused(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()], name="mine")
    other.save(tmp_path / "best.keras")
    with pytest.raises(RunError, match="holds a network 'mine'; known are paper"):
        networks.restore(tmp_path / "best.keras")
