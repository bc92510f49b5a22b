"""What the owner of a Pi provides before a deploy: wiring, the sound card's configuration, and songs."""

from __future__ import annotations

from tests.pi.emulated import BUTTON, LIGHTS, EmulatedPi
from tests.pi.music import songs

WIRING = f"""# QEMU's GPIO chip has lines 0 to 7 and no pull resistors; the button connects to 3.3 V.
[panel]
button = {BUTTON}
pull_up = false
[panel.leds]
""" + "".join(f"{mood} = {line}\n" for mood, line in LIGHTS.items())
PICTURE = "/opt/moodbox/current/device/pictures/eileen_collins.jpg"
"""The camera on Bookworm, which has no Python bindings of libcamera."""


SOUND_CARD = """# Without ALSA's mixing: the emulated processor may be too slow for it, and MPD then stops.
pcm.!default {
    type plug
    slave.pcm "hw:Loopback,0"
}
"""
LONG_TIMEOUTS = """# The processor is emulated: what takes seconds on a Pi may take a minute here.
[Service]
TimeoutStartSec=10min
TimeoutStopSec=2min
"""


def provision(pi: EmulatedPi) -> None:
    """Write the owner's files to the Pi."""
    settings = (
        WIRING
        + "[service]\nlog_moods = true\n"
        + (f'[camera]\nsource = "images:{PICTURE}"\n' if pi.suite == "bookworm" else "")
    )
    for path, content in (
        ("/etc/moodbox/moodbox.toml", settings),
        ("/etc/asound.conf", SOUND_CARD),
        ("/etc/systemd/system/moodbox.service.d/emulated.conf", LONG_TIMEOUTS),
    ):
        pi.run(f"sudo mkdir -p $(dirname {path}) && sudo tee {path} >/dev/null", stdin=content.encode())
    pi.run("sudo mkdir -p /var/lib/mpd/music && sudo tar -x -C /var/lib/mpd/music", stdin=songs())
