"""Shows on the lights what the deployment asks for, while it installs the box for which they are."""

from __future__ import annotations

import sys
from pathlib import Path

from device.config.reading import read_settings
from device.config.settings import Panel
from device.errors import SettingsError
from device.mood import Mood
from device.panel.brightness import brightness_of
from device.panel.lights import Indication, open_lights


def main(settings: Path) -> None:
    """Show each line of standard input, an indication and perhaps a mood, until it ends; then it is dark.

    Args:
        settings: The file of the box to come; if there is none, the box's own is read.
    """
    try:
        panel = read_settings(settings if settings.exists() else None).panel
    except SettingsError:  # the box itself reports it
        panel = Panel()
    lights, brightness = open_lights(panel), brightness_of(panel)
    try:
        for line in sys.stdin:
            indication, _, mood = line.strip().partition(" ")
            lights.show(Indication(indication), Mood(mood) if mood else None, brightness.now())
    finally:
        lights.close()
