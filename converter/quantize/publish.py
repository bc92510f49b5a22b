"""Makes a model and its files appear complete or not at all, the card last."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from device.vision.model_card import Card, card_path


@contextmanager
def draft(out: Path) -> Iterator[Path]:
    """Provide a path for a draft of the model `out`, in a temporary folder.

    When the block ends, the draft and the files beside it are moved to the folder of `out`. If it raises an
    exception, that folder has not changed.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}-") as folder:
        path = Path(folder) / out.name
        yield path
        _move_all(path, out)


def write_card(model: Path, card: Card) -> None:
    """Write `card` beside `model`."""
    card_path(model).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")


def _move_all(draft: Path, out: Path) -> None:
    """Move all files of the draft, the model and its card last.

    After a stop in between, the old card does not match the new model, so that the device refuses it.
    """
    last = (out.name, card_path(out).name)
    for path in sorted(draft.parent.iterdir(), key=lambda p: last.index(p.name) if p.name in last else -1):
        path.replace(out.parent / path.name)
