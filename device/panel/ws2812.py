"""What WS2812 pixels (NeoPixels) have to be sent over SPI to show a colour.

A pixel has one data wire. A bit is a time for which the wire is high and then low: short for 0, long for 1.
Each pixel keeps the first bits that reach it, passes the rest on, and shows its own once the wire was low for
long. SPI sends one bit of its own in each tick of its clock; four of them, at 3 MHz, make one for a pixel:

    0   1000   high for 333 ns, low for 1000 ns
    1   1100   high for 667 ns, low for  667 ns

The high times decide. WorldSemi asks for 250 to 550 and 650 to 950 ns from its older pixels (WS2812B), and
for 220 to 380 and 580 to 1000 ns from its newer ones (WS2812B-V5). Three SPI bits at 2.4 MHz, which are also
common, miss the latter (417 ns). A Pi divides a clock of 200 to 500 MHz by an even number, which makes 2.94
to 2.99 MHz of the 3: 335 to 340 and 669 to 680 ns. A longer low time does no harm, up to that of the reset.
Each byte ends low, so neither does a pause between two bytes.
"""

from __future__ import annotations

import math

SPI_HZ = 3_000_000
ZERO, ONE = 0b1000, 0b1100
RESET_US = 300
"""For so long the wire is low after the colours. Older pixels need 50 us, newer ones 280."""
RESET = bytes(math.ceil(RESET_US * SPI_HZ / 8e6))
STEP = 1 / 255
"""The least light that a pixel can show, besides none."""

Rgb = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""


def frame(colour: Rgb, pixels: int, order: str) -> bytes:
    """Return what is sent so that all pixels show one colour.

    The wire is low at first, too: on some Pis it is high until then, and the first pixel would turn green
    (rpi_ws281x #469).

    Args:
        colour: It is rounded to the 255 steps of a pixel.
        pixels: How many there are.
        order: In which order a pixel takes its colours; w stands for a white light, which stays dark.
    """
    values = dict(zip("rgb", colour, strict=True), w=0.0)
    pixel = b"".join(_CODE[round(255 * values[letter])] for letter in order)
    return RESET + pixel * pixels + RESET


def _code(value: int) -> bytes:
    """The bits of a byte, the highest first, as SPI sends them."""
    bits = 0
    for place in reversed(range(8)):
        bits = bits << 4 | (ONE if value >> place & 1 else ZERO)
    return bits.to_bytes(4, "big")


_CODE = tuple(map(_code, range(256)))
