"""The times on the wire are those of WorldSemi's data sheets; a pixel reads what was sent."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config.settings import Panel
from device.panel.spi import MAX_BYTES
from device.panel.ws2812 import RESET, SPI_HZ, frame
from tests.device.panel.wire import pixels, pulses

HINTS = get_type_hints(Panel, include_extras=True)
ORDERS = get_args(HINTS["strip_order"])
MAX_PIXELS = get_args(HINTS["strip_pixels"])[1].le
shares = st.floats(0, 1)


@given(st.tuples(shares, shares, shares), st.integers(1, MAX_PIXELS), st.sampled_from(ORDERS))
def test_each_pixel_takes_the_colour_that_was_sent(
    colour: tuple[float, float, float], count: int, order: str
) -> None:
    value = dict(zip("rgbw", (*(round(255 * share) for share in colour), 0), strict=True))
    [shown] = pixels(frame(colour, count, order), len(order))
    assert shown == [tuple(value[letter] for letter in order)] * count


@pytest.mark.parametrize(
    ("kind", "zero", "one"), [("WS2812B", (250, 550), (650, 950)), ("WS2812B-V5", (220, 380), (580, 1000))]
)
@pytest.mark.parametrize("hertz", [SPI_HZ, 400e6 / 134, 250e6 / 84, 500e6 / 168, 200e6 / 68])
def test_the_wire_is_high_for_as_long_as_both_kinds_of_pixels_ask_for(
    kind: str, zero: tuple[float, float], one: tuple[float, float], hertz: float
) -> None:
    """At the rates, too, that a Pi's divider makes of the one asked for."""
    slower = SPI_HZ / hertz
    for byte, (least, most) in ((0.0, zero), (1.0, one)):
        for high_ns, _ in pulses(frame((byte,) * 3, 1, "grb")):
            assert least <= high_ns * slower <= most


def test_no_bit_reaches_over_the_end_of_a_byte() -> None:
    """So a pause of the SPI bus between two bytes makes only a low time longer."""
    for value in range(256):
        assert not any(byte & 1 for byte in frame((value / 255,) * 3, 1, "grb"))


def test_the_wire_is_low_for_the_reset_before_and_after_the_colours() -> None:
    sent = frame((1, 1, 1), 2, "grb")
    assert sent.startswith(RESET)
    assert sent.endswith(RESET)
    assert len(RESET) * 8 / SPI_HZ >= 280e-6


def test_the_longest_strip_fits_into_one_transfer() -> None:
    assert len(frame((1, 1, 1), MAX_PIXELS, max(ORDERS, key=len))) <= MAX_BYTES
