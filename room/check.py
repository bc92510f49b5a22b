"""`moodbox room --check`: whether presses and sound get from room to room. Nothing is asked of any box."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

from room.carrier import Address, does_not_answer, exchange, reason_of
from room.lines import EXCHANGE_S, LineError
from room.proof import RoomError

SOUND_PORT = 1704  # Snapcast's own
PLAYER = "snapclient"
APPLY = "apply [room] with deploy/deploy.sh --rooms on your computer"
SYSTEMD = Path("/run/systemd/system")


def check(server: Address, key: bytes, *, serves: bool) -> str:
    """Return in one line how it is.

    Args:
        server: The box that plays for all rooms.
        key: That all rooms share.
        serves: Whether that is this box itself.

    Raises:
        RoomError: Something is missing; the message says what, and what to do.
    """
    try:
        exchange(server, key, "")
    except (OSError, UnicodeError, LineError) as error:
        if serves:
            problem = f"nothing takes presses at port {server.port} ({reason_of(error)}): {APPLY}"
            raise RoomError(problem) from error
        raise RoomError(does_not_answer(server, error)) from error
    where, there = ("this box", "here") if serves else (server.host, "there")
    try:
        socket.create_connection((server.host, SOUND_PORT), timeout=EXCHANGE_S).close()
    except OSError as error:
        problem = f"{where} sends no sound at port {SOUND_PORT} ({reason_of(error)})"
        raise RoomError(f"{problem}: systemctl status snapserver {there}") from error
    _check_player()
    return f"{where} takes the presses of {'all rooms' if serves else 'this room'} and sends the sound"


def _check_player() -> None:
    """What plays in this room has to be there, and to run where systemd says so."""
    if not shutil.which(PLAYER):
        raise RoomError(f"{PLAYER} is not installed, so this room is silent: {APPLY}")
    is_active = ["systemctl", "is-active", "--quiet", PLAYER]
    if SYSTEMD.exists() and subprocess.run(is_active, check=False).returncode:
        raise RoomError(f"{PLAYER} does not run, so this room is silent: systemctl status {PLAYER}")
