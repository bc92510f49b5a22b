"""Saves history and models after each epoch, and prints a line about it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from converter.networks.outputs import MOODS
from converter.training.keras_internals import swap_averaged_weights
from converter.training.run_folder import BEST, LAST, epoch_score, learned_votes, write_history


class Checkpoints(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Saves history, best model and last model, in this order, each file complete or not at all.

    If the run keeps a moving average of the weights, that is what is validated and saved as the best model.
    """

    def __init__(self, folder: Path, history: list[dict[str, float]], epochs: int) -> None:
        """Save into `folder`.

        Args:
            folder: of the run.
            history: has an entry for each finished epoch, and gets those that follow.
            epochs: how many the run has, whichever of them `fit` is asked for.
        """
        super().__init__()
        self._folder = folder
        self._history = history
        self._epochs = epochs
        self._begun = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Measure the time from here on."""
        self._begun = time.monotonic()

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Validate with the averaged weights."""
        swap_averaged_weights(self.model)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Go on training with the weights themselves."""
        swap_averaged_weights(self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Add an entry to the history, save everything, and print a line."""
        entry = {"epoch": epoch + 1.0}
        entry |= {name.replace(f"{MOODS}_", ""): float(value) for name, value in (logs or {}).items()}
        best = max(map(epoch_score, self._history), default=-1.0)
        self._history.append(entry)
        is_best = epoch_score(entry) >= best  # of equals the last, whose learning rate is the lowest
        if is_best:
            swap_averaged_weights(self.model)
            self._save(BEST, include_optimizer=False)
            swap_averaged_weights(self.model)
        write_history(self._folder, self._history)
        self._save(LAST)
        seconds = time.monotonic() - self._begun
        print(f"{epoch_line(entry, self._epochs, is_best=is_best)}, {seconds:.0f} s", flush=True)

    def _save(self, name: str, **options: Any) -> None:
        unfinished = self._folder / f".{name}"
        self.model.save(unfinished, **options)
        unfinished.replace(self._folder / name)


def epoch_line(entry: Mapping[str, float], epochs: int, *, is_best: bool) -> str:
    """Say what counts of an epoch: its loss, and the score that decides which epoch is kept.

    Args:
        entry: of the history.
        epochs: how many the run has.
        is_best: whether it is better than those before.
    """
    judge = "FER+'s majority" if learned_votes(entry) else "the labels"
    kept = f", the best so far, kept in {BEST}" if is_best else ""
    return (
        f"epoch {entry['epoch']:.0f} of {epochs}: loss {entry['loss']:.3f}, agrees with {judge} on "
        f"{100 * epoch_score(entry):.1f} % of PublicTest{kept}"
    )
