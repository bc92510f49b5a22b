"""Lines of JSON over TCP, with bounds: the four that one exchange consists of.

1. client: `hello`, with its challenge
2. server: `welcome`, with its challenge and its proof
3. client: `said`, the request as text, with its proof
4. server: `said`, the reply as text, with its proof

In place of 2 or 4 a server may say `error`. That has no proof, and is only shown.
"""

from __future__ import annotations

import socket
from time import monotonic
from typing import Any, TypeVar

import msgspec

MAX_LINE_BYTES = 2048
EXCHANGE_S = 5.0  # for all four lines
VERSION = 1

T = TypeVar("T", bound=msgspec.Struct)


class LineError(Exception):
    """What has come in is no line of an exchange."""


class Hello(msgspec.Struct, frozen=True):
    """The first line."""

    moodbox: int
    challenge: str


class Welcome(msgspec.Struct, frozen=True):
    """The second line, or an error in its place."""

    challenge: str = ""
    proof: str = ""
    error: str = ""


class Said(msgspec.Struct, frozen=True):
    """The third and the fourth line, or an error in place of the latter."""

    body: str = ""
    proof: str = ""
    error: str = ""


class Lines:
    """The lines of one connection, all of them by one deadline."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = monotonic() + EXCHANGE_S
        self._received = b""

    def send(self, line: msgspec.Struct) -> None:
        """Send a line. Raises OSError."""
        self._wait_at_most()
        self._connection.sendall(msgspec.json.encode(line) + b"\n")

    def read(self, kind: type[T]) -> T:
        """Return the next line.

        Raises:
            LineError: It is not of this kind, too long, or the other end has gone.
            OSError: The connection fails, or no whole line has come in time.
        """
        while b"\n" not in self._received:
            if len(self._received) > MAX_LINE_BYTES:
                raise LineError("a line is too long")
            self._wait_at_most()
            if not (part := self._connection.recv(MAX_LINE_BYTES)):
                raise LineError("the other end has closed the connection")
            self._received += part
        line, _, self._received = self._received.partition(b"\n")
        read: T = decoded(line, kind)
        return read

    def _wait_at_most(self) -> None:
        if (left := self._deadline - monotonic()) <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)


def decoded(text: bytes | str, kind: Any) -> Any:
    """Return JSON as one of the kinds. Raises LineError."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError, or a UnicodeDecodeError
        raise LineError(f"a line is not one of moodbox's: {str(error)[:100]}") from error
