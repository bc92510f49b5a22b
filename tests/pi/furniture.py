"""What the owner of a Pi brings before moodbox comes: wiring, a sound card's configuration, and songs."""

from __future__ import annotations

from tests.pi.emulated import BUTTON, LIGHTS, EmulatedPi
from tests.pi.music import songs

WIRING = f"""# QEMU's GPIO chip has lines 0 to 7 and no pulls; the button connects to 3.3 V.
[panel]
button = {BUTTON}
pull_up = false
[panel.leds]
""" + "".join(f"{mood} = {line}\n" for mood, line in LIGHTS.items())
PICTURE = "/opt/moodbox/current/device/pictures/eileen_collins.jpg"
"""Bookworm's camera: it has no Python for libcamera."""


SOUND_CARD = """# Without ALSA's mixing, for which the emulated processor may be too late; MPD then gives up.
pcm.!default {
    type plug
    slave.pcm "hw:Loopback,0"
}
"""
PATIENT = """# The processor is emulated: what takes a Pi seconds may take it a minute.
[Service]
TimeoutStartSec=10min
TimeoutStopSec=2min
"""


def furnish(pi: EmulatedPi) -> None:
    settings = WIRING + (f'[camera]\nsource = "images:{PICTURE}"\n' if pi.suite == "bookworm" else "")
    for path, content in (
        ("/etc/moodbox/moodbox.toml", settings),
        ("/etc/asound.conf", SOUND_CARD),
        ("/etc/systemd/system/moodbox.service.d/emulated.conf", PATIENT),
    ):
        pi.run(f"sudo mkdir -p $(dirname {path}) && sudo tee {path} >/dev/null", stdin=content.encode())
    pi.run("sudo mkdir -p /var/lib/mpd/music && sudo tar -x -C /var/lib/mpd/music", stdin=songs())
