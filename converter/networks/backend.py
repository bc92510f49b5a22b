"""Which library computes for Keras, and on how many accelerators."""

from __future__ import annotations

import importlib.util
import os
import sys

from converter.errors import RunError

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
INSTALLED_BY = {"tensorflow": "make develop", "jax": "make develop-jax", "torch": "make develop-torch"}


def choose(name: str) -> None:
    """Let Keras compute with the backend `name`. Keras chooses when it is loaded, so call this before.

    Raises:
        RunError: the backend is not installed, or Keras is loaded with another one.
    """
    if importlib.util.find_spec(name) is None:
        raise RunError(
            f"--backend {name}: {BACKENDS[name]} is not installed; `{INSTALLED_BY[name]}` installs it"
        )
    if "keras" in sys.modules:
        import keras

        if keras.backend.backend() != name:
            raise RunError(f"--backend {name}: Keras computes with {keras.backend.backend()} already")
    os.environ["KERAS_BACKEND"] = name


def use_all_accelerators() -> int:
    """Divide each batch among all accelerators, and return their number; call it before a model is built.

    Keras does this on JAX. On the other backends, and with one accelerator or none, nothing is divided.
    """
    import keras

    if keras.backend.backend() != "jax":
        return 1
    devices = keras.distribution.list_devices()
    if len(devices) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return len(devices)
