"""The process's heap: one for all threads, and when Python collects the garbage in it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Iterator

M_ARENA_MAX = -8  # glibc's mallopt: how many heaps there may be


def share_one_heap() -> None:
    """Let all threads use one heap. Call it before the first thread starts.

    By default glibc gives each a heap of its own. Each keeps what its thread has freed, such as a decoded
    picture, and the others cannot use it. The box's threads take turns, so they hardly wait for each other.
    """
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


@contextlib.contextmanager
def never_collected() -> Iterator[None]:
    """Let Python collect no garbage during the block, and never what is there at its end.

    While modules load, it would search all that is there again and again, and find next to nothing: they stay
    until the process ends.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
