"""Golden vectors: drawn crops with the model's exact outputs, by which a TFLite runtime is tested.

The crops are drawn because no image of FER2013 may be in the repository.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.fer2013 import SIDE
from device.errors import ModelError
from device.vision.classifier import in_order
from device.vision.opencv import cv2
from device.vision.tflite import MODULES, interpreter

COUNT = 32
CANDIDATES = 1024  # crops that COUNT are chosen from

# In steps of the uint8 outputs. With TFLite's own kernels the runtimes agree exactly on all but one crop in a
# hundred, and there within two steps. XNNPACK, which ai-edge-litert adds, rounds differently in each layer:
# 48 steps were measured on a drawn crop, 31 on a face. A model that is read wrongly is a hundred steps off.
KERNEL_TOLERANCE = 4
XNNPACK_TOLERANCE = 48
CLEAR = 24  # least lead of the likeliest mood: of two close ones another kernel may rightly name the other


def golden_vectors(model: bytes, mood_count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw crops to which `model` gives a clear answer, spread over all moods.

    All installed runtimes give exactly the same outputs for them, and as the box runs them the same mood.

    Returns:
        The crops, uint8 (n, 48, 48), and their outputs as `outputs` returns them, uint8 (n, k).

    Raises:
        ModelError: the runtimes differ by more than rounding explains, or no answer is clear.
    """
    generator = np.random.default_rng(seed)
    crops = np.stack([_draw(generator) for _ in range(CANDIDATES)])
    by_runtime = np.array(
        [outputs(plain_interpreter(model, name), crops) for name in installed_runtimes()], dtype=int
    )
    difference = np.ptp(by_runtime, axis=0).max(axis=1)
    if difference.max() > KERNEL_TOLERANCE:
        raise ModelError(
            f"{' and '.join(installed_runtimes())} do not compute the same from the quantized model; "
            "report this as a fault of the converter"
        )
    ordered = np.sort(by_runtime[0, :, :mood_count], axis=1)
    clear = (ordered[:, -1] - ordered[:, -2] >= CLEAR) & (difference == 0)
    for name in installed_runtimes():
        as_on_the_box = outputs(interpreter(model, name), crops)
        clear &= np.all(_best_mood(as_on_the_box, mood_count) == _best_mood(by_runtime, mood_count), axis=0)
    if not clear.any():
        raise ModelError(
            f"the quantized model has no clear answer to any of {CANDIDATES} drawn crops, so it has learned "
            "too little to ship; train it for longer"
        )
    crops, exact = crops[clear], by_runtime[0, clear].astype(np.uint8)
    best = _best_mood(exact, mood_count)
    # The n-th crop of every mood comes before the (n+1)-th of any.
    rank = np.array([np.sum(best[:i] == mood) for i, mood in enumerate(best)])
    chosen = np.argsort(rank, kind="stable")[:COUNT]
    return crops[chosen], exact[chosen]


def _best_mood(outputs: NDArray[Any], mood_count: int) -> NDArray[np.intp]:
    return np.asarray(outputs[..., :mood_count].argmax(axis=-1))


def largest_difference(
    model: bytes, crops: NDArray[np.uint8], expected: NDArray[np.uint8], runtime: str
) -> int:
    """Return the largest difference, in steps of 256, from `expected` if `runtime` runs as on the box.

    Args:
        model: content of a `.tflite` file.
        crops: uint8, (n, side, side).
        expected: uint8, (n, k).
        runtime: a key of `device.vision.tflite.MODULES`.
    """
    found = outputs(interpreter(model, runtime), crops)
    return int(np.abs(found.astype(int) - expected).max())


def installed_runtimes() -> list[str]:
    """List the TFLite runtimes that are installed here."""
    return [name for name, module in MODULES.items() if importlib.util.find_spec(module.partition(".")[0])]


def plain_interpreter(model: bytes | Path, runtime: str) -> Any:
    """Make an interpreter with TFLite's own kernels alone: slower, but exactly the same everywhere."""
    module = importlib.import_module(MODULES[runtime])
    content = model if isinstance(model, bytes) else model.read_bytes()
    kernels = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    plain = module.Interpreter(model_content=content, experimental_op_resolver_type=kernels, num_threads=1)
    plain.allocate_tensors()
    return plain


def outputs(interpreter: Any, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Run an interpreter on each of `crops`, uint8 (n, side, side).

    Returns:
        uint8, (n, k): the moods, and after them the face, if the model has that output.
    """
    crop = interpreter.get_input_details()[0]["index"]
    ordered = [tensor["index"] for tensor in in_order(interpreter.get_output_details())]
    rows = []
    for image in crops:
        interpreter.set_tensor(crop, image[np.newaxis, ..., np.newaxis])
        interpreter.invoke()
        rows.append(np.concatenate([interpreter.get_tensor(index)[0] for index in ordered]))
    return np.array(rows, dtype=np.uint8)


def _draw(generator: np.random.Generator) -> NDArray[np.uint8]:
    """A gradient with a face or blobs on it, and noise over everything."""
    left, right, top, bottom = generator.uniform((0, 0, -60, -60), (255, 255, 60, 60)).tolist()
    grey = np.linspace(left, right, SIDE)[np.newaxis] + np.linspace(top, bottom, SIDE)[:, np.newaxis]
    image = np.clip(grey, 0, 255).astype(np.uint8)
    if generator.random() < 0.75:
        _draw_face(image, generator)
    else:
        for _ in range(generator.integers(1, 6)):
            x, y, radius, shade = generator.integers((0, 0, 3, 0), (SIDE, SIDE, 14, 256)).tolist()
            cv2.circle(image, (x, y), radius, (shade,), cv2.FILLED)
    noise = generator.normal(0, generator.uniform(0, 20), size=image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), dtype=np.uint8)


def _draw_face(image: NDArray[np.uint8], generator: np.random.Generator) -> None:
    """Draw a face with brows, eyes, nose and a random mouth over `image`, uint8 (48, 48)."""
    skin, dark, x, y = generator.integers((120, 0, 22, 22), (240, 80, 27, 27)).tolist()
    tilt, lids, bend, width = generator.integers((-3, 1, -6, 5), (4, 4, 7, 11)).tolist()
    cv2.ellipse(image, (x, y), (20, 25), 0, 0, 360, (skin,), cv2.FILLED)
    for side in (-1, 1):
        cv2.ellipse(image, (x + 9 * side, y - 5), (4, lids), 0, 0, 360, (dark,), cv2.FILLED)
        cv2.line(image, (x + 4 * side, y - 11 + tilt), (x + 14 * side, y - 11), (dark,), 2)
    cv2.line(image, (x, y - 2), (x, y + 5), (skin * 3 // 4,), 2)
    start = 0 if bend >= 0 else 180  # degrees: the lower half of an ellipse smiles
    cv2.ellipse(image, (x, y + 13 - bend), (width, abs(bend)), 0, start, start + 180, (dark,), 2)
    if generator.random() < 0.3:  # a row of teeth, or an open mouth
        shade = int(generator.choice((20, 250)))
        cv2.ellipse(image, (x, y + 13), (width, 4), 0, start, start + 180, (shade,), cv2.FILLED)
