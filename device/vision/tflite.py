"""The only module that imports a TFLite runtime: tflite-runtime, or its successor ai-edge-litert."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from device.errors import ModelError, install_command

MODULES = {
    "tflite-runtime": "tflite_runtime.interpreter",
    "ai-edge-litert": "ai_edge_litert.interpreter",
}


def interpreter(model: Path | bytes, runtime: str = "auto") -> Any:
    """Make an interpreter with its tensors allocated, on one thread.

    Only making one proves that a runtime works: with numpy 2, tflite-runtime can be imported, but fails here.

    Args:
        model: The `.tflite` file, or its content.
        runtime: A key of MODULES, or `auto` for the first that is installed.

    Raises:
        ModelError: No such runtime is installed, or it cannot run the model.
    """
    names = MODULES if runtime == "auto" else {runtime: MODULES[runtime]}
    for module in names.values():
        try:
            interpreter_class = importlib.import_module(module).Interpreter
        except ModuleNotFoundError:
            continue
        content = model if isinstance(model, bytes) else model.read_bytes()
        try:
            made = interpreter_class(model_content=content, num_threads=1)
            made.allocate_tensors()
        except (ValueError, RuntimeError, TypeError, AttributeError, ImportError) as error:
            what = "the model" if isinstance(model, bytes) else str(model)
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"{what}: {module.partition('.')[0]} cannot run it: {reason}") from error
        return made
    # tflite-runtime has no packages for newer Pythons.
    newer = "ai-edge-litert" if sys.version_info >= (3, 12) else "tflite-runtime"
    missing = newer if runtime == "auto" else runtime
    raise ModelError(f"no TFLite runtime found: {install_command(missing)}")
