"""From the float network to the integer one that the box runs."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from converter.data.dataset import SIDE, Split
from converter.networks.architectures import as_input
from device.errors import ModelError
from device.vision.normalization import Normalization, normalize_all
from device.vision.tflite import interpreter

PICTURES = 500
INTEGERS = (np.int8, np.uint8, np.int32)  # int32: biases, and the shapes of what is reshaped


def representative(faces: Split, light: Normalization, seed: int, count: int = PICTURES) -> NDArray[np.uint8]:
    """Pictures by which the converter learns how large each layer's values get, drawn evenly from `faces`.

    The first one is given a black and a white pixel: so the input's scale comes out as exactly 1, and the
    grey values of a crop go in as they are.
    """
    drawn = np.random.default_rng(seed).choice(len(faces), min(count, len(faces)), replace=False)
    images = normalize_all(faces.images[drawn], light)
    images[0, 0, :2] = (0, 255)
    return images


def quantize(network: keras.Model, images: NDArray[np.uint8]) -> bytes:
    """The content of a `.tflite` file: int8 weights and activations, uint8 in (1, 48, 48, 1) and out (1, k).

    images: those of `representative`. Raises ModelError if anything in the result still computes in float.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # It warns that no statistics for the input were given: the pictures give them.
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs")
        # Exported with a batch of just 1: else the model works out its batch size again for each crop.
        crop = keras.InputSpec(shape=(1, SIDE, SIDE, 1), dtype="float32", name="crop")
        network.export(folder, verbose=False, input_signature=[crop])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _one_by_one(images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
        # tflite-runtime 2.14 reads a dense layer with a scale per channel, and computes garbage without a
        # word (tflite-micro #2602).
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        model: bytes = converter.convert()
    check(model)
    return model


def check(model: bytes) -> None:
    """Raises ModelError unless `model` is all integers and takes grey values as they are."""
    made = interpreter(model)
    floats = [t["name"] for t in made.get_tensor_details() if t["dtype"] not in INTEGERS]
    if floats:
        raise ModelError(f"the quantized model still computes in float: {', '.join(floats)}")
    crop, moods = made.get_input_details()[0], made.get_output_details()[0]
    if crop["dtype"] is not np.uint8 or crop["quantization"] != (1.0, 0) or moods["dtype"] is not np.uint8:
        raise ModelError(
            "the quantized model should take and give uint8, grey values with scale 1 and zero point 0; "
            f"it takes {crop['dtype'].__name__} {crop['quantization']}, gives {moods['dtype'].__name__}"
        )


def _one_by_one(images: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    for image in as_input(images):
        yield [image[np.newaxis]]
