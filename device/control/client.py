"""Asks the running box over its control socket."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from device.control.command import QUESTIONS, REPLY_TIMEOUT_S, SILENCE_S, Command
from device.control.protocol import Subscribe, encode
from device.errors import NoBoxError, ServiceError

BUSY_PAUSE_S = 0.05  # until a client that found no place tries again
PART_BYTES = 1 << 16  # of what is read at once


class _BusyError(ServiceError):
    """The box has no place for another connection at present, and has not seen the request."""


def ask(path: Path, command: Command | str) -> dict[str, Any]:
    """Send a command, or the bare name of one, to the box that listens at `path` and return its reply.

    Raises:
        NoBoxError: No box listens there.
        ServiceError: The socket cannot be used, or the box refuses or does not reply.
    """
    line = f"{command}\n".encode() if isinstance(command, str) else encode(command)
    timeout_s = REPLY_TIMEOUT_S if isinstance(command, str) else command.reply_timeout_s
    end = monotonic() + REPLY_TIMEOUT_S
    while True:
        try:
            with contextlib.closing(_replies(path, line, timeout_s)) as replies:
                for reply in replies:
                    return reply
            raise ServiceError(f"{path}: the box is busy; ask again")
        except _BusyError:
            if monotonic() > end:
                raise
            sleep(BUSY_PAUSE_S)


def subscribe(path: Path, command: Command | None = None) -> Generator[dict[str, Any], None, None]:
    """Yield the status of the box that listens at `path`, and again after each change, until the box ends.

    Args:
        path: The socket.
        command: One that goes on, whose replies are yielded in place of those of `subscribe`.

    Raises:
        NoBoxError: No box listens there.
        ServiceError: The socket cannot be used, or the box refuses or ends. For the status, also if the box
            does not answer any more: one that hangs changes nothing.
    """
    count = 0
    silence_s = None if command else SILENCE_S
    for reply in _replies(path, encode(command or Subscribe()), silence_s=silence_s):
        count += 1
        yield reply
    raise ServiceError(f"{path}: the box has ended" if count else f"{path}: the box is busy; ask again")


def _check_answers(path: Path) -> None:
    """Raise ServiceError if the box has left several questions unanswered."""
    for _ in range(QUESTIONS - 1):
        with contextlib.suppress(ServiceError):
            ask(path, "status")
            return
    ask(path, "status")


def _replies(
    path: Path, line: bytes, timeout_s: float = REPLY_TIMEOUT_S, *, silence_s: float | None = None
) -> Generator[dict[str, Any], None, None]:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as connection:
        connection.settimeout(timeout_s + 1)
        try:
            try:
                connection.connect(str(path))
                connection.sendall(line)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError) as error:
                raise _BusyError(f"{path}: the box is busy; ask again") from error
            for received in _lines(connection, lambda: _check_answers(path)):
                yield _checked(path, received)
                connection.settimeout(silence_s)  # there may be no change for long
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoBoxError(
                f"no box runs here ({path}): start one with `moodbox run` or `sudo systemctl start moodbox`"
            ) from error
        except PermissionError as error:
            raise ServiceError(f"{path}: permission denied; add your user to the group moodbox") from error
        except ServiceError:
            raise
        except OSError as error:
            raise ServiceError(f"{path}: the box does not answer: {error}") from error


def _lines(connection: socket.socket, on_silence: Callable[[], object]) -> Iterator[bytes]:
    """Yield each line; after the first, call `on_silence` whenever the connection's timeout has passed."""
    is_first, rest = True, b""
    while True:
        try:
            part = connection.recv(PART_BYTES)
        except TimeoutError:
            if is_first:
                raise
            on_silence()
            continue
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
        is_first = is_first and not lines
        if not part:
            if rest:
                yield rest
            return


def _checked(path: Path, line: bytes) -> dict[str, Any]:
    try:
        reply: dict[str, Any] = json.loads(line)
        if not isinstance(reply, dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError) as error:
        raise ServiceError(
            f"{path}: another program listens here, not moodbox; change service.socket"
        ) from error
    if "error" in reply:
        raise ServiceError(reply["error"])
    return reply
