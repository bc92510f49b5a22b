"""Makes a model and its files appear complete or not at all, the card last."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from glob import escape
from pathlib import Path

import msgspec

from converter.ending import temporary_folder
from device.vision.model_card import Card, card_path

MKDTEMP = "[a-z0-9_]" * 8  # what the standard library puts behind the prefix of a temporary folder


@contextmanager
def draft(out: Path) -> Iterator[Path]:
    """Provide a path for a draft of the model `out`, in a temporary folder.

    When the block ends, the draft and the files beside it are moved to the folder of `out`. If it raises an
    exception, that folder has not changed.
    """
    with draft_folder(out) as folder:
        path = folder / out.name
        yield path
        _move_all(path, out)


@contextmanager
def draft_folder(out: Path) -> Iterator[Path]:
    """Provide a folder beside `out`, and delete it at the end.

    A process that is killed cannot do that: the next one that makes `out` then does.
    """
    prefix = f".{out.stem}-draft-"
    with ExitStack() as stack:
        out.parent.mkdir(parents=True, exist_ok=True)
        # The lock fails while somebody makes a folder there.
        with suppress(OSError), _locked(out.parent, fcntl.LOCK_EX):
            for left in out.parent.glob(f"{escape(prefix)}{MKDTEMP}"):
                with suppress(OSError), _locked(left, fcntl.LOCK_EX):
                    shutil.rmtree(left)
        with _locked(out.parent, fcntl.LOCK_SH):  # so that nobody deletes a folder that is not locked yet
            folder = stack.enter_context(temporary_folder(out.parent, prefix))
            # Shared, so that another one can be made in it.
            stack.enter_context(_locked(folder, fcntl.LOCK_SH))
        yield folder


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    """Hold the lock of a folder, which ends with the process, too.

    kind: LOCK_SH waits for it; LOCK_EX does not, and raises OSError while anybody else holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, kind if kind == fcntl.LOCK_SH else kind | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


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
