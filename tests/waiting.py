"""Waits for something that happens on another thread or in another process."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(happened: Callable[[], object], seconds: float = 60, pause: float = 0.01) -> None:
    """Fail if `happened` does not become true in time. The limit is generous, for a busy machine."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(pause)
