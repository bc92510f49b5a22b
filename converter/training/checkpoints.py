"""Saves history and models after each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from converter.networks.outputs import MOODS
from converter.training.keras_internals import swap_averaged_weights
from converter.training.run_folder import BEST, LAST, epoch_score, write_history


class Checkpoints(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Saves history, best model and last model, in this order, each file complete or not at all.

    If the run keeps a moving average of the weights, that is what is validated and saved as the best model.
    """

    def __init__(self, folder: Path, history: list[dict[str, float]]) -> None:
        """Save into `folder`; `history` has an entry for each finished epoch, and gets those that follow."""
        super().__init__()
        self._folder = folder
        self._history = history

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Validate with the averaged weights."""
        swap_averaged_weights(self.model)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Go on training with the weights themselves."""
        swap_averaged_weights(self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Add an entry to the history and save everything."""
        entry = {"epoch": epoch + 1.0}
        entry |= {name.replace(f"{MOODS}_", ""): float(value) for name, value in (logs or {}).items()}
        best = max(map(epoch_score, self._history), default=-1.0)
        self._history.append(entry)
        if epoch_score(entry) > best:
            swap_averaged_weights(self.model)
            self._save(BEST, include_optimizer=False)
            swap_averaged_weights(self.model)
        write_history(self._folder, self._history)
        self._save(LAST)

    def _save(self, name: str, **options: Any) -> None:
        unfinished = self._folder / f".{name}"
        self.model.save(unfinished, **options)
        unfinished.replace(self._folder / name)
