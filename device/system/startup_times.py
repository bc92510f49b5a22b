"""Measures how long each part of the box's start takes, from the beginning of its process."""

from __future__ import annotations

import os
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime


class StartupTimes:
    """A stopwatch with laps that begins at the process's start.

    Args:
        since_now: Begin now instead, in a program that has done other things before.

    Attributes:
        boot_s: Seconds from the kernel's start to its own. No program can measure what is before that.
        parts: Seconds by the part's name, in order.
    """

    def __init__(self, *, since_now: bool = False) -> None:
        self.boot_s = self._last = clock_gettime(CLOCK_BOOTTIME) if since_now else _process_start_s()
        self.parts: dict[str, float] = {}

    def done(self, part: str) -> None:
        """Record the time since the last part as that of `part`."""
        now = clock_gettime(CLOCK_BOOTTIME)
        self.parts[part] = now - self._last
        self._last = now

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in self.parts.items())
        total = sum(self.parts.values())
        return f"{total:.2f} s ({parts}), begun {self.boot_s:.1f} s after the kernel"


def _process_start_s() -> float:
    """Seconds after the kernel's start, to a hundredth."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")  # the file's 22nd field, see proc(5)
