"""The folder of one training run: its files, and how they are read and written."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from converter.errors import RunError
from converter.training.recipes import Recipe

RECIPE = "run.json"
LAST = "last.keras"  # to resume from
BEST = "best.keras"  # of the best epoch so far, by `epoch_score`
HISTORY = "history.json"
HISTORY_PLOT = "history.png"
FACE_CANDIDATES = "candidates.npz"  # crops with and without a face; finding them takes minutes
FACE_SQUARES = "squares.npy"  # of the training faces; finding them takes minutes


def read_recipe(folder: Path) -> Recipe:
    """Read the recipe of the run in `folder`.

    Raises:
        RunError: the folder is not that of a training run.
    """
    path = folder / RECIPE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Recipe)
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); expected the folder of a training run") from error


def read_history(folder: Path) -> list[dict[str, float]]:
    """Read the scores of each finished epoch of the run in `folder`, in order.

    Raises:
        RunError: the run has not finished an epoch, or the file is damaged.
    """
    path = folder / HISTORY
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, float]])
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); let the run finish an epoch first") from error


def epoch_score(entry: Mapping[str, float]) -> float:
    """By which the best epoch is chosen: agreement with FER+'s majority on PublicTest.

    For a run that has not learned votes it is the accuracy by FER2013's labels.

    Args:
        entry: of the history.
    """
    return entry.get("val_votes_accuracy", entry["val_accuracy"])


def write_history(folder: Path, history: list[dict[str, float]]) -> None:
    """Write the scores of each finished epoch, all of them or none."""
    _write_whole(folder / HISTORY, json.dumps(history, indent=1) + "\n")


def check_claim(folder: Path, recipe: Recipe, *, resume: bool) -> None:
    """Check that `folder` may belong to this run: no run yet for a start, the same recipe to resume.

    Raises:
        RunError: the folder contains another run, or none to resume.
        OSError: the folder cannot be written.
    """
    path = folder / RECIPE
    if not resume:
        if path.exists():
            raise RunError(
                f"{folder}: contains a run already; continue it with --resume, or name another --out"
            )
        check_writable(folder)
        return
    if not path.exists():
        raise RunError(f"{folder}: contains no run to resume; leave out --resume to start one")
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = [f"{k} was {before.get(k)}, now {v}" for k, v in _stored(recipe).items() if before.get(k) != v]
    if changed:
        raise RunError(f"{folder}: --resume needs the options of the first start: {'; '.join(changed)}")


def claim(folder: Path, recipe: Recipe, *, resume: bool) -> None:
    """Make `folder` the folder of this run.

    Raises:
        RunError: see `check_claim`.
    """
    check_claim(folder, recipe, resume=resume)
    if not resume:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(folder / RECIPE, json.dumps(_stored(recipe), indent=1) + "\n")


def check_writable(folder: Path) -> None:
    """Check that files can be created in `folder`, which need not exist yet. Raises OSError."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _stored(recipe: Recipe) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(recipe)))
    return stored


def _write_whole(path: Path, text: str) -> None:
    """Replace a text file in one step, so that a reader finds it complete or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
