"""Golden vectors: drawn crops with the model's exact answers, by which each runtime proves itself.

They are drawn because no picture of FER2013 may go into the repository.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.data.dataset import SIDE
from device.errors import ModelError
from device.vision.opencv import cv2
from device.vision.tflite import MODULES, interpreter

COUNT = 32
DRAWN = 256  # to choose COUNT from

# TFLite's own kernels agree to the bit between the runtimes on all but one crop in a hundred, and there
# within two of 256. XNNPACK, which ai-edge-litert adds, rounds otherwise, a little at each layer: up to 23
# were measured. A model read wrongly is a hundred apart.
ROUNDING = 4
STEPS = 24


def vectors(model: bytes, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Crops, (n, 48, 48), and what `model` answers to each, (n, k): clear answers, of every mood.

    Those on which the runtimes that are installed are one to the bit. Raises ModelError if on any they are
    farther apart than rounding explains, or if the model has no clear answer to any.
    """
    generator = np.random.default_rng(seed)
    crops = np.stack([_draw(generator) for _ in range(DRAWN)])
    exact = np.array([answers(plain(model, name), crops) for name in installed()], dtype=int)
    spread = np.ptp(exact, axis=0).max(axis=1)
    if spread.max() > ROUNDING:
        raise ModelError(f"{' and '.join(installed())} do not compute the same from the quantized model")
    # One that is torn between two moods may rightly get another one from another kernel.
    ordered = np.sort(exact[0], axis=1)
    clear = (ordered[:, -1] - ordered[:, -2] >= STEPS) & (spread == 0)
    if not clear.any():
        raise ModelError(
            f"the quantized model is torn between moods on all of {DRAWN} drawn crops, so it has learned too "
            "little to ship; train it for longer"
        )
    crops, given = crops[clear], exact[0, clear].astype(np.uint8)
    best = given.argmax(axis=1)
    # The n-th crop of each mood before the n+1-th of any.
    rank = np.array([np.sum(best[:i] == mood) for i, mood in enumerate(best)])
    chosen = np.argsort(rank, kind="stable")[:COUNT]
    return crops[chosen], given[chosen]


def apart(model: bytes, crops: NDArray[np.uint8], expected: NDArray[np.uint8], runtime: str) -> int:
    """The largest difference, of 256, between `expected` and what `runtime` answers as the box runs it."""
    found = answers(interpreter(model, runtime), crops)
    return int(np.abs(found.astype(int) - expected).max())


def installed() -> list[str]:
    """The TFLite runtimes that there are here."""
    return [name for name, module in MODULES.items() if importlib.util.find_spec(module.partition(".")[0])]


def plain(model: bytes | Path, runtime: str) -> Any:
    """An interpreter with TFLite's own kernels alone: slower, and the same to the bit everywhere."""
    module = importlib.import_module(MODULES[runtime])
    content = model if isinstance(model, bytes) else model.read_bytes()
    kernels = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    made = module.Interpreter(model_content=content, experimental_op_resolver_type=kernels, num_threads=1)
    made.allocate_tensors()
    return made


def answers(made: Any, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What an interpreter answers to each of `crops`, (n, side, side): uint8, (n, k)."""
    crop, moods = made.get_input_details()[0]["index"], made.get_output_details()[0]["index"]
    rows = []
    for image in crops:
        made.set_tensor(crop, image[np.newaxis, ..., np.newaxis])
        made.invoke()
        rows.append(made.get_tensor(moods)[0])
    return np.array(rows, dtype=np.uint8)


def _draw(generator: np.random.Generator) -> NDArray[np.uint8]:
    """A gradient with a face or blobs on it, and noise over all."""
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
    """Draws a face with brows, eyes, nose and a mouth of any bend over `image`, uint8 (48, 48)."""
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
