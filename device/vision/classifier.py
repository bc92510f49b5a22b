"""From a crop to a reading, by the TFLite model and its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.mood import Probabilities
from device.vision.model_card import Card, read_card
from device.vision.tflite import interpreter


class Classifier:
    """A model that is loaded and fits its card. Raises ModelError if it is not so."""

    def __init__(self, model: Path, runtime: str = "auto") -> None:
        self.card: Card = read_card(model)
        self._interpreter = interpreter(model, runtime)
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        side, labels = self.card.side, len(self.card.labels)
        expected = ((1, side, side, 1), np.uint8, (1, labels), np.uint8)
        found = (
            tuple(self._input["shape"]),
            self._input["dtype"],
            tuple(self._output["shape"]),
            self._output["dtype"],
        )
        if found != expected:
            raise ModelError(f"{model}: takes and gives {found}, its card says {expected}; quantize it again")
        self._scale, self._zero = self._output["quantization"]
        self._prior = np.array([self.card.prior.get(mood, 1.0) for mood in self.card.labels])

    def read(self, crop: NDArray[np.uint8]) -> Probabilities:
        """crop: uint8, (side, side), as the card says."""
        values = self._prior * self.probabilities(crop)
        return dict(zip(self.card.labels, (values / values.sum()).tolist(), strict=True))

    def probabilities(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """For moods as frequent as among the faces that the model learned from, (labels,), summing to 1."""
        values = self._scale * (self.outputs(crop).astype(np.float64) - self._zero)
        return np.asarray(values / values.sum())

    def outputs(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The model's own numbers, (labels,), before they are made probabilities."""
        self._interpreter.set_tensor(self._input["index"], crop[np.newaxis, ..., np.newaxis])
        self._interpreter.invoke()
        outputs: NDArray[np.uint8] = self._interpreter.get_tensor(self._output["index"])[0]
        return outputs
