"""Waiting for what happens on another thread or in another process."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(happened: Callable[[], object], seconds: float = 60, pause: float = 0.01) -> None:
    """Fails if `happened` has not become true; the limit is for a busy machine, and no claim about speed."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(pause)
