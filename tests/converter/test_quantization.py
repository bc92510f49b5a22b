from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from converter import evaluation, golden, networks, quantization
from converter.data import Split
from device.errors import ModelError
from device.eyes.card import Light, read_card
from device.eyes.runtime import MODULES, interpreter

pytestmark = pytest.mark.xdist_group("tensorflow")

RUNTIMES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(name not in golden.installed(), reason=f"no {name} for this Python here"),
    )
    for name in MODULES
]


def test_every_tensor_is_an_integer_and_grey_values_go_in_as_they_are(model: Path) -> None:
    made = interpreter(model)
    assert {tensor["dtype"] for tensor in made.get_tensor_details()} <= {np.uint8, np.int8, np.int32}
    crop, moods = made.get_input_details()[0], made.get_output_details()[0]
    assert (crop["dtype"], tuple(crop["shape"]), crop["quantization"]) == (np.uint8, (1, 48, 48, 1), (1.0, 0))
    assert (moods["dtype"], tuple(moods["shape"])) == (np.uint8, (1, 3))


def test_dense_layers_have_one_scale_for_old_runtimes_and_convolutions_one_a_channel(model: Path) -> None:
    tensors = interpreter(model).get_tensor_details()

    def scales(*shape: int) -> int:
        return next(
            len(t["quantization_parameters"]["scales"]) for t in tensors if tuple(t["shape"]) == shape
        )

    assert (scales(1024, 2048), scales(3, 1024)) == (1, 1)
    assert (scales(32, 3, 3, 1), scales(128, 3, 3, 128)) == (32, 128)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_integers_answer_as_floats_do(runtime: str, model: Path, run: Path, splits: dict[str, Split]) -> None:
    images = splits["PrivateTest"].images
    network = networks.restore(run / "best.keras", temperature=read_card(model).about["temperature"]["value"])
    floats = networks.predict(network, images)
    integers = evaluation.probabilities(model, images, runtime)
    assert evaluation.agreement(floats, integers) >= 0.9
    assert np.abs(floats - integers).mean() < 0.03


@pytest.mark.skipif(len(golden.installed()) < 2, reason="only one runtime for this Python here")
def test_both_runtimes_compute_the_same(model: Path, splits: dict[str, Split]) -> None:
    images = splits["PrivateTest"].images
    one, other = (golden.answers(golden.plain(model, name), images) for name in MODULES)
    assert np.array_equal(one, other)


def test_the_same_network_and_pictures_give_the_same_answers(
    run: Path, model: Path, splits: dict[str, Split]
) -> None:
    images = quantization.representative(splits["Training"], Light.AS_IS, seed=1)
    temperature = read_card(model).about["temperature"]["value"]
    again = quantization.quantize(networks.restore(run / "best.keras", temperature=temperature), images)
    runtime, faces = golden.installed()[0], splits["PrivateTest"].images
    one, other = (golden.answers(golden.plain(m, runtime), faces) for m in (model, again))
    assert np.array_equal(one, other)


def test_representative_pictures_are_drawn_by_seed_and_span_black_to_white(splits: dict[str, Split]) -> None:
    faces = splits["Training"]
    one, again, other = (
        quantization.representative(faces, Light.AS_IS, seed, count=20) for seed in (1, 1, 2)
    )
    assert one.shape == (20, 48, 48)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one.min(), one.max()) == (0, 255)


def test_drawing_representative_pictures_leaves_the_faces_alone(splits: dict[str, Split]) -> None:
    before = splits["Training"].images.copy()
    quantization.representative(splits["Training"], Light.AS_IS, seed=1)
    assert np.array_equal(splits["Training"].images, before)


def test_a_model_that_computes_in_float_is_refused(run: Path) -> None:
    floats = tf.lite.TFLiteConverter.from_keras_model(networks.restore(run / "best.keras")).convert()
    with pytest.raises(ModelError, match="still computes in float"):
        quantization.check(floats)
