"""From a crop to the probability of each mood, by the TFLite model and its card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.mood import Probabilities
from device.vision.model_card import Card, read_card
from device.vision.tflite import interpreter


@dataclass(frozen=True)
class Prediction:
    """What the model says of one crop.

    probabilities: of each mood, weighted by the card's prior.
    face_probability: that the crop shows a face, 0-1; 1 for a model that cannot tell.
    """

    probabilities: Probabilities
    face_probability: float


class Classifier:
    """A loaded model that was checked against its card.

    Raises:
        ModelError: The model cannot be loaded, or does not match its card.
    """

    def __init__(self, model: Path, runtime: str = "auto") -> None:
        self.card: Card = read_card(model)
        self._interpreter = interpreter(model, runtime)
        self._input = self._interpreter.get_input_details()[0]
        side, labels = self.card.side, len(self.card.labels)
        outputs = in_order(self._interpreter.get_output_details())
        sizes = [labels] if self.card.face_threshold is None else [labels, 1]
        expected = (_kind_of((1, side, side, 1)), *(_kind_of((1, size)) for size in sizes))
        found = tuple(_kind_of(tensor["shape"], tensor["dtype"]) for tensor in (self._input, *outputs))
        if found != expected:
            raise ModelError(
                f"{model}: its input and outputs are {', '.join(found)}, "
                f"its card says {', '.join(expected)}; quantize it again"
            )
        self._moods, self._face = outputs[0], outputs[1] if outputs[1:] else None
        self._prior = np.array([self.card.prior.get(mood, 1.0) for mood in self.card.labels])

    def predict(self, crop: NDArray[np.uint8]) -> Prediction:
        """Run the model on a crop.

        Args:
            crop: uint8, (side, side), normalized as the card says.
        """
        values = self._prior * self.probabilities(crop)
        probabilities = dict(zip(self.card.labels, (values / values.sum()).tolist(), strict=True))
        face = 1.0 if self._face is None else float(self._values(self._face)[0])
        return Prediction(probabilities, face)

    def classify(self, crop: NDArray[np.uint8]) -> Probabilities:
        """The probability of each mood, weighted by the card's prior; `crop` is as in `predict`."""
        return self.predict(crop).probabilities

    def probabilities(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The same without the prior: (labels,), summing to 1, for moods as frequent as in training."""
        self._interpreter.set_tensor(self._input["index"], crop[np.newaxis, ..., np.newaxis])
        self._interpreter.invoke()
        values = self._values(self._moods)
        return np.asarray(values / values.sum())

    def _values(self, output: Any) -> NDArray[np.float64]:
        """The values of one of the outputs for the last crop, as real numbers, (k,)."""
        scale, zero_point = output["quantization"]
        integers: NDArray[np.uint8] = self._interpreter.get_tensor(output["index"])[0]
        return np.asarray(scale * (integers.astype(np.float64) - zero_point))


def in_order(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort a model's outputs: the moods, then the face. A runtime may list them in any order.

    Args:
        outputs: The interpreter's `get_output_details()`. There are always several moods, and one face.
    """
    return sorted(outputs, key=lambda output: -int(output["shape"][-1]))


def _kind_of(shape: Any, dtype: Any = np.uint8) -> str:
    return f"{np.dtype(dtype).name} ({', '.join(map(str, shape))})"
