"""Asks the running box over its control socket."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from device.errors import NoBoxError, ServiceError
from device.system.control_protocol import REPLY_TIMEOUT_S


def ask(path: Path, verb: str) -> dict[str, Any]:
    """Send a verb to the box that listens at `path` and return its reply.

    Raises:
        NoBoxError: No box listens there.
        ServiceError: The socket cannot be used, or the box refuses or does not reply.
    """
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(REPLY_TIMEOUT_S + 1)
        try:
            connection.connect(str(path))
            connection.sendall(f"{verb}\n".encode())
            with connection.makefile("rb") as lines:
                line = lines.readline()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoBoxError(
                f"no box runs here ({path}): start one with `moodbox run` or `sudo systemctl start moodbox`"
            ) from error
        except PermissionError as error:
            raise ServiceError(f"{path}: permission denied; add your user to the group moodbox") from error
        except OSError as error:
            raise ServiceError(f"{path}: the box does not answer: {error}") from error
    if not line:
        raise ServiceError(f"{path}: the box is busy; ask again")
    try:
        reply: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise ServiceError(
            f"{path}: another program listens here, not moodbox; change service.socket"
        ) from error
    if "error" in reply:
        raise ServiceError(reply["error"])
    return reply
