"""What finished networks make of the training faces: softer targets than a label is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.errors import RunError
from converter.networks import architectures as networks


def answers(
    teachers: Mapping[Path, Sequence[int]], images: NDArray[np.uint8], outputs: Iterable[str]
) -> dict[str, NDArray[np.float32]]:
    """For each output, the mean of the teachers' answers to each face and to its mirror image, (n, k).

    teachers: for each model, where the moods asked for stand among its own; they make up the whole.
    images: uint8 (n, 48, 48), evened. Nothing without teachers. Raises RunError.
    """
    gathered: dict[str, list[NDArray[np.float32]]] = {}
    for path, places in teachers.items():
        network = networks.load(path)
        if missing := set(outputs) - set(network.output):
            raise RunError(f"{path}: has no output for {', '.join(missing)}")
        for seen in (images, images[:, :, ::-1]):
            given = network.predict(networks.as_input(seen), batch_size=256, verbose=0)
            for output in outputs:
                asked = given[output][:, places].astype(np.float32)
                gathered.setdefault(output, []).append(asked / asked.sum(axis=1, keepdims=True))
    return {output: np.mean(given, axis=0) for output, given in gathered.items()}
