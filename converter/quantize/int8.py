"""Quantizes a float network to the integer model that the box runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from converter.data.dataset import Split
from converter.data.fer2013 import SIDE
from converter.ending import temporary_folder
from converter.networks.backend import without_harmless_lines
from converter.networks.outputs import as_input
from device.errors import ModelError
from device.vision.normalization import Normalization, normalize_all
from device.vision.opencv import cv2
from device.vision.tflite import interpreter

SAMPLE_SIZE = 500
INTEGERS = (np.int8, np.uint8, np.int32)  # int32: biases, and the shapes for reshaping


def representative_images(
    faces: Split, normalization: Normalization, seed: int, count: int = SAMPLE_SIZE
) -> NDArray[np.uint8]:
    """Draw images from which TensorFlow learns the range of each layer's values.

    One in five is a part of a face, or noise, because what is no face has other values. The first
    image gets a black and a white pixel. The scale of the input then becomes exactly 1, so that the
    grey values of a crop are the input as they are.

    Args:
        faces: what to draw from.
        normalization: of the images.
        seed: seed of the draw.
        count: how many, at most as many as there are faces.

    Returns:
        uint8, (n, 48, 48).
    """
    generator = np.random.default_rng(seed)
    drawn = generator.choice(len(faces), min(count, len(faces)), replace=False)
    sample = faces.images[drawn].copy()
    for index in range(0, len(sample), 10):
        quarter = sample[index, : SIDE // 2, : SIDE // 2]
        sample[index] = cv2.resize(quarter, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    for index in range(5, len(sample), 10):
        side = int(generator.integers(2, SIDE))  # of the noise: from large blotches to single pixels
        noise = generator.integers(0, 256, (side, side), dtype=np.uint8)
        sample[index] = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    images = normalize_all(sample, normalization)
    images[0, 0, :2] = (0, 255)
    return images


def quantize(network: keras.Model, images: NDArray[np.uint8]) -> bytes:
    """Convert a network to int8 weights and activations, with uint8 in (1, 48, 48, 1) and out (1, k).

    Args:
        network: with one output, or with FACE as a second one, which becomes uint8 (1, 1).
        images: from `representative_images`.

    Returns:
        The content of a `.tflite` file.

    Raises:
        ModelError: something in the result still computes in float.
    """
    with temporary_folder() as folder, warnings.catch_warnings(), without_harmless_lines():
        # TensorFlow warns that no statistics of the input were given: the images provide them.
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs")
        # Exported with a fixed batch of 1: otherwise the model computes its batch size for every crop.
        crop = keras.InputSpec(shape=(1, SIDE, SIDE, 1), dtype="float32", name="crop")
        network.export(str(folder), verbose=False, input_signature=[crop])
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _batches_of_one(images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
        _use_one_scale_per_dense_layer(converter)
        model: bytes = converter.convert()
    check(model)
    return model


def _use_one_scale_per_dense_layer(converter: tf.lite.TFLiteConverter) -> None:
    """Turn off one scale per channel in dense layers, for which TensorFlow has no public option.

    tflite-runtime 2.14 loads a dense layer with a scale per channel, and then computes wrong values without
    an error (tflite-micro #2602).
    """
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True


def check(model: bytes) -> None:
    """Make sure that a model computes in integers alone and takes grey values as they are.

    Raises:
        ModelError: it does not.
    """
    loaded = interpreter(model)
    floats = [t["name"] for t in loaded.get_tensor_details() if t["dtype"] not in INTEGERS]
    if floats:
        raise ModelError(f"the quantized model still computes in float: {', '.join(floats)}")
    crop, given = loaded.get_input_details()[0], {t["dtype"].__name__ for t in loaded.get_output_details()}
    if crop["dtype"] is not np.uint8 or crop["quantization"] != (1.0, 0) or given != {"uint8"}:
        raise ModelError(
            "the quantized model should take and give uint8, grey values with scale 1 and zero point 0; "
            f"it takes {crop['dtype'].__name__} {crop['quantization']}, gives {', '.join(sorted(given))}"
        )


def _batches_of_one(images: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    for image in as_input(images):
        yield [image[np.newaxis]]
