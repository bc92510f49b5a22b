"""Presses that last exactly as long as a test says, however late its thread is."""

from __future__ import annotations

from time import monotonic

import pytest

from device.demo.harness import PRESS_S, Harness
from device.panel import button

AHEAD_S = 0.1
"""Until the first edge counts: by then the box has both, and takes none for a bounce."""


def press_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `Harness` press at once, with the edges of the pin at the times at which they would be.

    If it waited between them, a press would become a hold on a busy machine, and a double press two.
    """
    free_from = 0.0

    def press(harness: Harness, seconds: float = PRESS_S) -> None:
        nonlocal free_from
        began = max(monotonic() + AHEAD_S, free_from)
        free_from = began + seconds + PRESS_S
        for time, move in ((began, harness.press_down), (began + seconds, harness.release)):
            with monkeypatch.context() as patched:
                patched.setattr(button, "monotonic", lambda time=time: time)
                move()

    def double_press(harness: Harness) -> None:
        press(harness)
        press(harness)

    monkeypatch.setattr(Harness, "press", press)
    monkeypatch.setattr(Harness, "double_press", double_press)
