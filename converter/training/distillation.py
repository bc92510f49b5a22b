"""Knowledge distillation: the predictions of finished networks (teachers) as targets for a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.errors import RunError
from converter.networks.outputs import FACE, as_input
from converter.networks.saved_models import load


def teacher_predictions(
    teachers: Mapping[Path, Sequence[int]], images: NDArray[np.uint8], outputs: Iterable[str]
) -> dict[str, NDArray[np.float32]]:
    """Average the teachers' predictions for each face and its mirror image.

    Args:
        teachers: for each saved model, the indices of the wanted moods among its own; their probabilities are
            scaled to sum to 1.
        images: uint8, (n, 48, 48), normalized.
        outputs: names of the outputs.

    Returns:
        For each output, float32, (n, k); empty without teachers.

    Raises:
        RunError: a teacher cannot be loaded, or lacks an output.
    """
    predictions: dict[str, list[NDArray[np.float32]]] = {}
    outputs = [
        output for output in outputs if output != FACE
    ]  # a training face is one, whatever a teacher says
    for path, mood_indices in teachers.items():
        network = load(path)
        if missing := set(outputs) - set(network.output):
            raise RunError(f"{path}: has no output for {', '.join(missing)}")
        for faces in (images, images[:, :, ::-1]):
            predicted = network.predict(as_input(faces), batch_size=256, verbose=0)
            for output in outputs:
                wanted = predicted[output][:, mood_indices].astype(np.float32)
                predictions.setdefault(output, []).append(wanted / wanted.sum(axis=1, keepdims=True))
    return {output: np.mean(each, axis=0) for output, each in predictions.items()}
