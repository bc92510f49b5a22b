"""What the converter must not leave behind, however it ends: temporary folders, and processes of its own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import util
from pathlib import Path

_folders: set[Path] = set()


@contextmanager
def temporary_folder(parent: Path | None = None, prefix: str | None = None) -> Iterator[Path]:
    """Provide a folder, and delete it at the end, also if a signal ends the process meanwhile.

    Args:
        parent: where it is; TMPDIR if that is None.
        prefix: of its name.

    Raises:
        OSError: it cannot be created.
    """
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as name:
        folder = Path(name)
        _folders.add(folder)
        try:
            yield folder
        finally:
            _folders.remove(folder)


def clean_up() -> None:
    """Delete the temporary folders and semaphores that are there now, as far as that is possible."""
    for folder in tuple(_folders):
        shutil.rmtree(folder, ignore_errors=True)
    # The semaphores, about which Python would print a warning; there is no public name for this.
    util._run_finalizers(0)  # type: ignore[attr-defined]


def end_with_parent(*shared: Path) -> None:
    """Let this worker process end once the first one has ended, which may have been killed.

    Args:
        shared: temporary folders of the first process, which a killed one could not delete.
    """
    _folders.update(shared)
    # Ctrl-C reaches every process of a terminal. The first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    clean_up()
    os._exit(1)
