"""A broker that says what no real one does: as little of MQTT 5 as that needs."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

CONNACK = bytes([0x20, 3, 0, 0, 0])
NOT_AUTHORIZED = bytes([0x20, 3, 0, 0x87, 0])
SESSION_TAKEN_OVER = bytes([0xE0, 2, 0x8E, 0])
LONGEST = bytes([0xFF, 0xFF, 0xFF, 0x7F])
"""The length of a packet of 256 MB, the longest that MQTT knows; it follows the first byte."""


def publish(topic: bytes, payload: bytes) -> bytes:
    """A message, of at most 127 bytes in all."""
    body = struct.pack("!H", len(topic)) + topic + b"\0" + payload
    return bytes([0x30, len(body)]) + body


class LyingBroker:
    """Answers each client with some bytes, so many times over, and ends the connection."""

    def __init__(self, content: bytes, count: int = 1, *, welcome: bytes = CONNACK) -> None:
        """Listen. The content follows the welcome, which lets a client in."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self.clients = 0
        self._welcome, self._content, self._count = welcome, content, count
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self.clients += 1
                connection.recv(4096)
                connection.sendall(self._welcome)
                for _ in range(self._count):
                    connection.sendall(self._content)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._server.close()
