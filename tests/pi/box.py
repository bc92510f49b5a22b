"""The box on the emulated Pi, as its tests see it."""

from __future__ import annotations

import re

from tests.pi.emulated import LIGHTS, EmulatedPi
from tests.waiting import eventually

CLIENT = """
import socket
mpd = socket.socket(socket.AF_UNIX)
mpd.connect("/run/mpd/socket")
mpd.sendall(b"COMMAND\\nclose\\n")
mpd.recv(100)
"""
LINES = tuple(LIGHTS.values())


def plays(pi: EmulatedPi, within: float = 300) -> None:
    """Returns once it does, and is in no trouble."""
    eventually(lambda: well(pi), within, pause=1)


def well(pi: EmulatedPi) -> bool:
    status = pi.status()
    return (status.get("playing"), status.get("trouble"), status.get("state")) == ("play", {}, "mood")


def blink(pi: EmulatedPi) -> bool:
    """Whether the lights say trouble, in the mood's light or in all: two changes a second, where looking has
    ten; a box that waits for its camera looks every few seconds.
    """
    changes = [number for number in pi.wires.changes(LINES, seconds=2.5) if number]
    return bool(changes) and all(3 <= number <= 7 for number in changes)


def looks(pi: EmulatedPi) -> list[str]:
    """What the log says of each look since the Pi's start."""
    log = pi.run("sudo journalctl --boot --unit=moodbox --output=cat")
    return re.findall(r"^look: (\w+)", log, re.MULTILINE)


def mpd(pi: EmulatedPi, command: str) -> None:
    """As another client would."""
    pi.run("sudo python3 -", stdin=CLIENT.replace("COMMAND", command).encode())
