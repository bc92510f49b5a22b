"""From a crop to the probability of each mood, by the TFLite model and its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.mood import Probabilities
from device.vision.model_card import Card, read_card
from device.vision.tflite import interpreter


class Classifier:
    """A loaded model that was checked against its card.

    Raises:
        ModelError: The model cannot be loaded, or does not match its card.
    """

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
            raise ModelError(
                f"{model}: its input and output are {found}, its card says {expected}; quantize it again"
            )
        self._scale, self._zero_point = self._output["quantization"]
        self._prior = np.array([self.card.prior.get(mood, 1.0) for mood in self.card.labels])

    def classify(self, crop: NDArray[np.uint8]) -> Probabilities:
        """The probability of each mood, weighted by the card's prior.

        Args:
            crop: uint8, (side, side), normalized as the card says.
        """
        values = self._prior * self.probabilities(crop)
        return dict(zip(self.card.labels, (values / values.sum()).tolist(), strict=True))

    def probabilities(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The same without the prior: (labels,), summing to 1, for moods as frequent as in training."""
        values = self._scale * (self.outputs(crop).astype(np.float64) - self._zero_point)
        return np.asarray(values / values.sum())

    def outputs(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The model's quantized outputs, (labels,)."""
        self._interpreter.set_tensor(self._input["index"], crop[np.newaxis, ..., np.newaxis])
        self._interpreter.invoke()
        outputs: NDArray[np.uint8] = self._interpreter.get_tensor(self._output["index"])[0]
        return outputs
