"""A machine with too many threads."""

from __future__ import annotations

import threading


def no_thread(_: threading.Thread) -> None:
    """What takes the place of `Thread.start`: raises as it does."""
    raise RuntimeError("can't start new thread")
