"""Which pins a panel uses, by the keys of the settings that name them."""

from __future__ import annotations

from device.config.settings import Panel

SPI = {
    0: {"CE1": 7, "CE0": 8, "MISO": 9, "MOSI": 10, "SCLK": 11},
    1: {"CE0": 18, "MISO": 19, "MOSI": 20, "SCLK": 21},
}
"""The pins that the kernel takes for an SPI bus. A strip needs only MOSI, but the others are not free.

Of bus 1 CE1 and CE2 are taken only with some of its overlays, and the other buses have other pins on each Pi.
"""


def light_pins(panel: Panel) -> dict[str, int]:
    """Return the pins of the lights of the kind that is chosen."""
    match panel.kind:
        case "rgb":
            return dict(zip(("rgb (red)", "rgb (green)", "rgb (blue)"), panel.rgb, strict=True))
        case "strip":
            bus = int(panel.strip.removeprefix("/dev/spidev").partition(".")[0])
            return {f"strip ({name})": pin for name, pin in SPI.get(bus, {}).items()}
        case "leds":
            return {f"leds.{mood}": pin for mood, pin in panel.leds.items()}


def control_pins(panel: Panel) -> dict[str, int]:
    """Return the pins of the controls beside the button."""
    buttons = {"next": panel.next, "correct": panel.correct}
    encoder = dict(zip(("volume (A)", "volume (B)"), panel.volume, strict=False))
    return encoder | {key: pin for key, pin in buttons.items() if pin >= 0}
