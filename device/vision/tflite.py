"""The one seam to the TFLite runtime: tflite-runtime, or its successor ai-edge-litert."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from device.errors import ModelError

MODULES = {
    "tflite-runtime": "tflite_runtime.interpreter",
    "ai-edge-litert": "ai_edge_litert.interpreter",
}


def interpreter(model: Path | bytes, runtime: str = "auto") -> Any:
    """An interpreter with its tensors allocated, on one thread.

    runtime: a key of MODULES, or `auto` for the first that is installed. Making one is the only proof that
    a runtime works: tflite-runtime imports with numpy 2, and fails here.
    Raises ModelError.
    """
    names = MODULES if runtime == "auto" else {runtime: MODULES[runtime]}
    for module in names.values():
        try:
            make = importlib.import_module(module).Interpreter
        except ModuleNotFoundError:
            continue
        content = model if isinstance(model, bytes) else model.read_bytes()
        try:
            made = make(model_content=content, num_threads=1)
            made.allocate_tensors()
        except (ValueError, RuntimeError, TypeError, AttributeError, ImportError) as error:
            what = "the model" if isinstance(model, bytes) else str(model)
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"{what}: {module.partition('.')[0]} cannot run it: {reason}") from error
        return made
    raise ModelError(f"no TFLite runtime found: install {' or '.join(names)} (pip install moodbox does)")
