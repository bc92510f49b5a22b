"""The file that keeps what was measured of each model, so that nothing is measured twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from converter.comparison.scores import Scores
from converter.errors import DataError

T = TypeVar("T")

SCORES = "scores.json"
INSTRUCTIONS = "instructions.json"  # by the sha256 of each model, in millions; `make bench-arm64` writes it


def read_scores(folder: Path) -> dict[str, Scores]:
    """Read the scores of each model by its name; none if there is no file.

    Raises:
        DataError: the file is damaged.
    """
    return _read(folder / SCORES, Scores)


def read_instructions(folder: Path) -> dict[str, float]:
    """Read how many million instructions each model needs on arm64, by its sha256.

    Raises:
        DataError: the file is damaged.
    """
    return _read(folder / INSTRUCTIONS, float)


def write_scores(folder: Path, scores: Mapping[str, Scores]) -> None:
    """Write the scores of all models, complete or not at all."""
    unfinished = folder / f".{SCORES}"
    unfinished.write_bytes(
        msgspec.json.format(msgspec.json.encode(dict(sorted(scores.items()))), indent=1) + b"\n"
    )
    unfinished.replace(folder / SCORES)


def _read(path: Path, kind: type[T]) -> dict[str, T]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, kind])  # type: ignore[valid-type]
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); delete it, and it is made again") from error
