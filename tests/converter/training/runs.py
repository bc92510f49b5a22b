"""Runs for tests: from the command line, and with a recipe that uses every part of training."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.data.augmentation import Augmentation
from converter.data.dataset import Split
from converter.training import trainer
from converter.training.checkpoints import Checkpoints
from converter.training.recipes import Recipe
from converter.training.run_folder import LAST
from device.vision.normalization import Normalization
from tests.converter import small_network

EVERYTHING = Recipe(
    network=small_network.NAME,
    epochs=4,
    batch=32,
    optimizer="sgd",
    learning_rate=0.05,
    warmup_epochs=1,
    weight_decay=4e-3,
    label_smoothing=0.1,
    votes_weight=0.5,
    ema_momentum=0.9,
    progressive_sizes=(16, 48),
    augmentation=Augmentation(
        detector_crop_share=0.5,
        contrast=0.2,
        dim=0.3,
        blur=0.5,
        erase=0.2,
        normalization=Normalization.STANDARDIZED,
    ),
)


def train_command(fer2013: Path, out: Path, *options: str) -> list[str]:
    """Return the arguments for a run of three epochs."""
    command = f"train --data {fer2013} --out {out} --network {small_network.NAME} --epochs 3 --batch 32"
    return [*command.split(), *options]


def resume_command(fer2013: Path, out: Path, *options: object) -> list[str]:
    """Return the arguments that go on with a run."""
    return ["train", "--data", str(fer2013), "--out", str(out), "--resume", *map(str, options)]


def train(folder: Path, recipe: Recipe, splits: dict[str, Split], resume: bool = False) -> Path:
    """Train into `folder` in this process; returns `folder`."""
    trainer.train(folder, recipe, splits["Training"], splits["PublicTest"], resume=resume)
    return folder


def stopping(epoch: int, batch: int | None = None) -> type[Checkpoints]:
    """Return checkpoints that end a run as Ctrl-C does: in an epoch, or once it is saved."""

    class Stopping(Checkpoints):
        def on_train_batch_end(self, index: int, logs: Mapping[str, Any] | None = None) -> None:
            if len(self._history) == epoch - 1 and index == batch:
                raise KeyboardInterrupt

        def on_epoch_end(self, index: int, logs: Mapping[str, Any] | None = None) -> None:
            super().on_epoch_end(index, logs)
            if batch is None and len(self._history) == epoch:
                raise KeyboardInterrupt

    return Stopping


def run_until_killed(folder: Path, *program: str) -> Path:
    """Run Python with a program that imports `killed`: its run in `folder` dies in the second epoch."""
    done = subprocess.run([sys.executable, *program], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (folder / LAST).exists()
    return folder
