"""How long each part of the box's start takes, from the moment at which its process began."""

from __future__ import annotations

import os
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime


class StartupTimes:
    """parts: seconds by name, in their order.

    boot: seconds from the kernel's own start to the process's; what is before that, no program can know.
    """

    def __init__(self) -> None:
        self.boot = self._last = _process_began()
        self.parts: dict[str, float] = {}

    def done(self, part: str) -> None:
        """`part` is what has passed since the part before."""
        now = clock_gettime(CLOCK_BOOTTIME)
        self.parts[part] = now - self._last
        self._last = now

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in self.parts.items())
        total = sum(self.parts.values())
        return f"{total:.2f} s ({parts}), begun {self.boot:.1f} s after the kernel"


def _process_began() -> float:
    """Seconds after the kernel's start, to a hundredth."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")  # the 22nd of all, see proc(5)
