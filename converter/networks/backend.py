"""Which library computes for Keras, on how many accelerators, and in which precision."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from converter.errors import RunError

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
PRECISIONS = ("float32", "mixed_bfloat16")
CPUINFO = Path("/proc/cpuinfo")
# Flags of processors that compute in bfloat16: x86-64 and arm64.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
STDERR = 2
# What TensorFlow's C++ parts print whatever its log level is, and nobody needs: that each library for GPUs is
# registered twice, as it loads, and how its converter to TFLite works.
HARMLESS = (
    "^WARNING: All log messages before absl::InitializeLog|"
    "^[EW]0000 .*(Unable to register cu|computation placer already registered)|"
    "^[IW]0000 .*(tf_tfl_flatbuffer_helpers|mlir_graph_optimization_pass)|"
    "^fully_quantize: "
)
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


def check_installed() -> None:
    """Check that Keras and its backend are there, without loading them. Raises ModuleNotFoundError."""
    for name in ("keras", os.environ.get("KERAS_BACKEND", "tensorflow")):
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def load() -> None:
    """Load Keras and its backend, without the harmless lines that TensorFlow prints then."""
    if "keras" in sys.modules:
        return
    with without_harmless_lines():
        import keras  # noqa: F401 # to load it


@contextlib.contextmanager
def without_harmless_lines() -> Iterator[None]:
    """Keep HARMLESS lines away from stderr, which TensorFlow's C++ parts write there.

    All others appear, through a process of its own: it still writes them if TensorFlow ends this one.
    """
    if not sys.stderr:  # the process was started without it
        yield
        return
    stderr = os.dup(STDERR)
    try:
        # In a session of its own, so that Ctrl-C does not end it before the last line.
        with subprocess.Popen(
            ["grep", "-Ev", HARMLESS], stdin=subprocess.PIPE, stdout=stderr, start_new_session=True
        ) as others:
            assert others.stdin
            os.dup2(others.stdin.fileno(), STDERR)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(stderr, STDERR)
    finally:
        os.close(stderr)


def use_all_accelerators() -> int:
    """Divide each batch among all accelerators, and return their number; call it before a model is built.

    Keras does this on JAX. On the other backends, and with one accelerator or none, nothing is divided.
    """
    import keras

    if keras.backend.backend() == "jax" and len(devices := keras.distribution.list_devices()) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return dividing_accelerators()


def dividing_accelerators() -> int:
    """Return how many accelerators each batch is divided among: its size has to be a multiple of this."""
    import keras

    distribution = keras.distribution.distribution()
    return int(distribution.device_mesh.devices.size) if distribution else 1


def fast_precision(wanted: str) -> str:
    """Return the precision `wanted`, or float32 where that is many times faster, and print that.

    A processor without bfloat16 takes 16 times as long in it as in float32.
    """
    if wanted == "float32" or _has_gpu() or computes_in_bfloat16(CPUINFO):
        return wanted
    print("this processor does not compute in bfloat16: the precision is float32, which is faster here")
    return "float32"


def computes_in_bfloat16(cpuinfo: Path) -> bool:
    """Return whether the processor does, by Linux' description of it; no if there is none."""
    if not cpuinfo.exists():
        return False
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    return any(BFLOAT16_FLAGS & set(line.split()) for line in lines if line.startswith(("flags", "Features")))


def _has_gpu() -> bool:
    import keras

    if keras.backend.backend() == "torch":
        import torch

        return bool(torch.cuda.is_available())
    return not keras.distribution.list_devices()[0].startswith("cpu")
