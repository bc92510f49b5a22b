"""The folder of one training run: its files, and how they are read and written."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
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
    except FileNotFoundError as error:
        found = f"contains no {RECIPE}" if folder.exists() else "no such folder"
        raise RunError(f"{folder}: {found}; expected the folder of a training run") from error
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
    except FileNotFoundError as error:
        raise RunError(f"{folder}: no epoch of this run is finished yet; let it finish one first") from error
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"{path}: cannot be read ({error}); let the run finish an epoch first") from error


def epoch_score(entry: Mapping[str, float]) -> float:
    """By which the best epoch is chosen: agreement with FER+'s majority on PublicTest.

    For a run that has not learned votes it is the accuracy by FER2013's labels.

    Args:
        entry: of the history.
    """
    return entry["val_votes_accuracy" if learned_votes(entry) else "val_accuracy"]


def learned_votes(entry: Mapping[str, float]) -> bool:
    """Whether the run with this entry in its history has learned FER+'s votes."""
    return "val_votes_accuracy" in entry


def is_finished(folder: Path) -> bool:
    """Whether all epochs of the run in `folder` are done.

    The plot of them is what a run makes last. A run from which nobody shall resume is kept without `LAST`.
    """
    if (folder / HISTORY_PLOT).exists():
        return True
    return not (folder / LAST).exists() and epochs_done(folder) >= read_recipe(folder).epochs


def epochs_done(folder: Path) -> int:
    """Return the number of finished epochs, also of a run that keeps the scores of its last one alone."""
    return int(read_history(folder)[-1]["epoch"]) if (folder / HISTORY).exists() else 0


def mood_indices(models: Sequence[str], moods: Sequence[str]) -> dict[Path, list[int]]:
    """For each saved model of another run, return the indices of `moods` among its own.

    Raises:
        RunError: a model is not there, or does not know one of the moods.
    """
    indices = {}
    for path in map(Path, models):
        if not path.exists():
            raise RunError(f"{path}: no such file; expected a .keras file in its run's folder")
        known = read_recipe(path.parent).moods
        if missing := set(moods) - set(known):
            raise RunError(f"{path}: does not know {', '.join(sorted(missing))}; it knows {', '.join(known)}")
        indices[path] = [known.index(mood) for mood in moods]
    return indices


def write_history(folder: Path, history: list[dict[str, float]]) -> None:
    """Write the scores of each finished epoch, all of them or none."""
    _write_whole(folder / HISTORY, json.dumps(history, indent=1) + "\n")


def check_claim(folder: Path, *, resume: bool) -> None:
    """Check that `folder` may belong to this run: no run yet for a start, one to resume.

    Raises:
        RunError: the folder contains a run, or none to resume.
        OSError: the folder cannot be written.
    """
    started = (folder / RECIPE).exists()
    if started and not resume:
        raise RunError(f"{folder}: contains a run already; continue it with --resume, or name another --out")
    if resume and not started:
        raise RunError(f"{folder}: contains no run to resume; leave out --resume to start one")
    check_writable(folder)


def claim(folder: Path, recipe: Recipe, *, resume: bool) -> None:
    """Make `folder` the folder of this run.

    Raises:
        RunError: see `check_claim`; or the run to resume has another recipe.
        OSError: the folder cannot be written.
    """
    check_claim(folder, resume=resume)
    if resume:
        before, now = _stored(read_recipe(folder)), _stored(recipe)
        if changed := [
            f"{name} was {before[name]}, now {now[name]}" for name in now if before[name] != now[name]
        ]:
            raise RunError(f"{folder}: contains a run that was begun otherwise: {'; '.join(changed)}")
    else:
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
