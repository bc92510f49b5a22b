"""The quantized model computes in integers and answers like the float network."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from converter.data.dataset import Split
from converter.measure import evaluation
from converter.networks.architectures import NETWORKS, predict
from converter.networks.saved_models import restore
from converter.quantize.golden_vectors import installed_runtimes, outputs, plain_interpreter
from converter.quantize.int8 import check, quantize, representative_images
from device.errors import ModelError
from device.vision.model_card import read_card
from device.vision.normalization import Normalization
from device.vision.tflite import MODULES, interpreter

RUNTIMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(name not in installed_runtimes(), reason=f"no {name} for this Python here"),
    )
    for name in MODULES
]


def test_every_tensor_is_an_integer_and_the_input_is_the_grey_values(model: Path) -> None:
    loaded = interpreter(model)
    assert {tensor["dtype"] for tensor in loaded.get_tensor_details()} <= {np.uint8, np.int8, np.int32}
    crop, moods = loaded.get_input_details()[0], loaded.get_output_details()[0]
    assert (crop["dtype"], tuple(crop["shape"]), crop["quantization"]) == (np.uint8, (1, 48, 48, 1), (1.0, 0))
    assert (moods["dtype"], tuple(moods["shape"])) == (np.uint8, (1, 3))


def test_dense_layers_have_one_scale_for_old_runtimes_and_convolutions_one_a_channel(model: Path) -> None:
    tensors = interpreter(model).get_tensor_details()

    def scales(*shape: int) -> int:
        return next(
            len(t["quantization_parameters"]["scales"]) for t in tensors if tuple(t["shape"]) == shape
        )

    assert scales(3, 8) == 1
    assert scales(8, 3, 3, 1) == 8


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_quantized_model_answers_like_the_float_network(
    runtime: str, model: Path, run: Path, splits: dict[str, Split]
) -> None:
    images = splits["PrivateTest"].images
    temperature = read_card(model).about["temperature"]["value"]
    floating = predict(restore(run / "best.keras", temperature=temperature), images)
    integer = evaluation.probabilities(model, images, runtime)
    assert evaluation.agreement(floating, integer) >= 0.9
    assert np.abs(floating - integer).mean() < 0.03


@pytest.mark.skipif(len(installed_runtimes()) < 2, reason="only one runtime for this Python here")
def test_both_runtimes_compute_the_same(model: Path, splits: dict[str, Split]) -> None:
    images = splits["PrivateTest"].images
    first, second = (outputs(plain_interpreter(model, name), images) for name in MODULES)
    assert np.array_equal(first, second)


def test_the_same_network_and_images_give_the_same_model(
    run: Path, model: Path, splits: dict[str, Split]
) -> None:
    images = representative_images(splits["Training"], Normalization.NONE, seed=1)
    temperature = read_card(model).about["temperature"]["value"]
    repeated = quantize(restore(run / "best.keras", temperature=temperature), images)
    runtime, faces = installed_runtimes()[0], splits["PrivateTest"].images
    first, second = (outputs(plain_interpreter(m, runtime), faces) for m in (model, repeated))
    assert np.array_equal(first, second)


@pytest.mark.training
@pytest.mark.parametrize("name", ["broad", "squeezed", "depthwise", "fine"])
def test_a_variant_of_the_boxs_network_becomes_an_integer_model(name: str) -> None:
    """With Keras' Resizing, `fine` was exported as in training, which TFLite cannot do."""
    keras.config.set_dtype_policy("float32")  # a training in the same process leaves its own
    images = np.random.default_rng(1).integers(0, 256, (20, 48, 48), dtype=np.uint8)
    check(quantize(NETWORKS[name](7), images))


def test_representative_images_are_drawn_by_seed_and_range_from_black_to_white(
    splits: dict[str, Split],
) -> None:
    faces = splits["Training"]
    first, repeated, different = (
        representative_images(faces, Normalization.NONE, seed, count=20) for seed in (1, 1, 2)
    )
    assert first.shape == (20, 48, 48)
    assert np.array_equal(first, repeated)
    assert not np.array_equal(first, different)
    assert (first.min(), first.max()) == (0, 255)


def test_drawing_representative_images_does_not_change_the_faces(splits: dict[str, Split]) -> None:
    before = splits["Training"].images.copy()
    representative_images(splits["Training"], Normalization.NONE, seed=1)
    assert np.array_equal(splits["Training"].images, before)


def test_a_model_that_computes_in_float_is_refused(run: Path) -> None:
    floating = tf.lite.TFLiteConverter.from_keras_model(restore(run / "best.keras")).convert()
    with pytest.raises(ModelError, match="still computes in float"):
        check(floating)
