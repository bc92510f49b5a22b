"""What the tests ask of the box on the emulated Pi."""

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
LIGHT_LINES = tuple(LIGHTS.values())


def wait_until_it_plays(pi: EmulatedPi, timeout_s: float = 300) -> None:
    """Wait until the box plays without a fault."""
    try:
        eventually(lambda: is_healthy(pi), timeout_s, pause=1)
    except AssertionError as late:
        raise AssertionError(f"{late}: {pi.status()}") from late


def is_healthy(pi: EmulatedPi) -> bool:
    """Tell whether the box plays, shows a mood, and reports no fault."""
    status = pi.status()
    return (status.get("playing"), status.get("trouble"), status.get("state")) == ("play", {}, "mood")


def lights_blink(pi: EmulatedPi) -> bool:
    """Tell whether the lights show trouble, with the mood's light or all of them.

    They change twice a second then. While the box looks, which it does every few seconds if it waits for its
    camera, they change ten times a second.
    """
    changes = [number for number in pi.wires.changes(LIGHT_LINES, seconds=2.5) if number]
    return bool(changes) and all(3 <= number <= 7 for number in changes)


def logged_moods(pi: EmulatedPi) -> list[str]:
    """Return the log's result of each observation since the Pi was started."""
    log = pi.run("sudo journalctl --boot --unit=moodbox --output=cat")
    return re.findall(r"^look: (\w+)", log, re.MULTILINE)


def mpd(pi: EmulatedPi, command: str) -> None:
    """Send a command to MPD, as another client."""
    pi.run("sudo python3 -", stdin=CLIENT.replace("COMMAND", command).encode())
