"""What a strip sees on its data wire.

`Wire` stands in for the kernel's SPI device, which a computer without an SPI bus does not have: a regular
file takes what is written, and the two requests to the kernel are noted in place of it (the fixture `wire`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from device.config.settings import Panel
from device.panel.ws2812 import SPI_HZ

Pixel = tuple[int, ...]
"""What a pixel takes: its values from 0 to 255, in the order in which they come."""


def pulses(sent: bytes) -> list[tuple[float, float]]:
    """Return how long the wire is high and then low, in ns, for each pulse of what SPI sends."""
    bits = "".join(f"{byte:08b}" for byte in sent)
    tick_ns = 1e9 / SPI_HZ
    return [(len(high) * tick_ns, len(low) * tick_ns) for high, low in re.findall("(1+)(0+)", bits)]


def pixels(sent: bytes, values: int = 3) -> list[list[Pixel]]:
    """Return what pixels of this many values take from the wire, for each time that they show it.

    As a pixel of either kind does: by the time for which the wire is high, and by a long time low.
    """
    frames: list[list[Pixel]] = []
    bits: list[int] = []
    for high_ns, low_ns in pulses(sent):
        bits.append(int(high_ns > 500))
        if low_ns > 280_000:
            taken = [int("".join(map(str, bits[n : n + 8])), 2) for n in range(0, len(bits), 8)]
            frames.append([tuple(taken[n : n + values]) for n in range(0, len(taken), values)])
            bits = []
    assert not bits, "the last colours are never shown"
    return frames


@dataclass
class Wire:
    """A file in place of an SPI device."""

    path: Path
    requests: list[tuple[int, bytes]] = field(default_factory=list)

    def panel(self, **keys: object) -> Panel:
        """Settings with a strip of three pixels here."""
        return Panel(**{"kind": "strip", "strip": str(self.path), "strip_pixels": 3, **keys})  # type: ignore[arg-type]

    def colours(self) -> list[list[Pixel]]:
        """Return what the pixels have shown so far."""
        return pixels(self.path.read_bytes())

    def colour(self) -> Pixel:
        """Return what all pixels show now."""
        [colour] = set(self.colours()[-1])
        return colour
