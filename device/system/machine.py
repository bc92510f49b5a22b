"""How the machine is: its temperature, and its memory."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
MEMORY, OWN_MEMORY = Path("/proc/meminfo"), Path("/proc/self/status")


def temperature() -> float | None:
    """Return the processor's temperature in degrees Celsius; None where it is not known."""
    with contextlib.suppress(OSError, ValueError):
        return int(TEMPERATURE.read_text(encoding="ascii")) / 1000
    return None


def memory_mb() -> dict[str, int]:
    """Return in MB what this process uses (`rss_mb`), and what is left for others (`free_mb`)."""
    found = {"rss_mb": (OWN_MEMORY, "VmRSS"), "free_mb": (MEMORY, "MemAvailable")}
    return {key: _kilobytes(file, name) >> 10 for key, (file, name) in found.items()}


def _kilobytes(file: Path, name: str) -> int:
    with contextlib.suppress(OSError):
        if match := re.search(rf"^{name}:\s+(\d+) kB$", file.read_text(encoding="ascii"), re.MULTILINE):
            return int(match[1])
    return 0
