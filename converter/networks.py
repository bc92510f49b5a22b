"""The networks, by name. Each takes grey values 0-255, float32 (48, 48, 1): preparing is part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from converter.data import SIDE
from converter.errors import RunError


def paper(moods: int) -> keras.Model:
    """The paper's CNN, layer by layer; 2.34 million parameters for three moods."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1), name="crop"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            # float32 also where the run is in mixed precision: a softmax in bfloat16 loses digits.
            layers.Dense(moods, activation="softmax", dtype="float32"),
        ],
        name="paper",
    )


NETWORKS: dict[str, Callable[[int], keras.Model]] = {"paper": paper}


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 48, 48) uint8 as the networks take it: (n, 48, 48, 1) float32, still 0-255."""
    return images[..., np.newaxis].astype(np.float32)


def restore(path: Path) -> keras.Model:
    """The network that `train` saved in `path`, in float32 whatever precision it was trained in.

    Raises RunError.
    """
    try:
        saved = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RunError(f"{path}: cannot be loaded ({reason}); expected a model that `train` saved") from error
    if saved.name not in NETWORKS:
        raise RunError(f"{path}: holds a network {saved.name!r}; known are {', '.join(NETWORKS)}")
    # The layers of a run in mixed precision carry it with them: only a new network is rid of it.
    keras.config.set_dtype_policy("float32")
    network = NETWORKS[saved.name](saved.output_shape[-1])
    network.set_weights(saved.get_weights())
    return network
