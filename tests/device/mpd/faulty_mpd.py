"""A stand-in for MPD that sends malformed responses: a thin server that answers from a table.

A real MPD cannot be made to leave out a field, to send an endless line, or to stop in the middle of a
response; another server at the same address, or a future bug, can. The tests use a real MPD for all that it
can do.
"""

from __future__ import annotations

import contextlib
import itertools
import shlex
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROWS = [
    f"file: {name}.ogg\nLast-Modified: 2026-01-01T00:00:00Z\nArtist: Somebody\nTitle: {name}\nTime: 60\n"
    f"duration: 60.000\nPos: {offset}\nId: {offset + 1}\n"
    for offset, name in enumerate("ab")
]
STATUS = (
    "volume: 100\nrepeat: 0\nrandom: 0\nsingle: 0\nconsume: 0\npartition: default\nplaylist: 7\n"
    "playlistlength: 2\nmixrampdb: 0\nstate: play\nsong: 0\nsongid: 1\ntime: 1:60\nelapsed: 1.500\n"
    "bitrate: 128\nduration: 60.000\naudio: 44100:16:2\nnextsong: 1\nnextsongid: 2\n"
)
STATS = "uptime: 100\nplaytime: 0\nartists: 1\nalbums: 1\nsongs: 2\ndb_playtime: 120\ndb_update: 1700000000\n"
COMMANDS = ("addid", "clearerror", "deleteid", "idle", "play", "playlistinfo", "status", "sticker")


@dataclass(frozen=True)
class Raw:
    """Bytes that are sent as they are, chunk by chunk, `pause` seconds apart; then the connection ends."""

    chunks: Callable[[], Iterator[bytes]]
    pause: float = 0.0

    @classmethod
    def of(cls, *chunks: bytes, pause: float = 0.0) -> Raw:
        return cls(lambda: iter(chunks), pause)

    @classmethod
    def endless(cls, chunk: bytes, begin: bytes = b"", pause: float = 0.0) -> Raw:
        return cls(lambda: itertools.chain([begin], itertools.repeat(chunk)), pause)


Response = str | Raw | Callable[[list[str]], str]
"""Text without the `OK` that follows it, a function from the command's words to that, or raw bytes.

In text that begins with `ACK`, `@?` becomes the command's offset in its command list.
"""


def _library_window(words: list[str]) -> str:
    start, _, end = words[-1].partition(":")
    return "".join(ROWS[int(start) : int(end)])


def correct_responses() -> dict[str, Response]:
    """The responses of a real MPD with two songs in its library and in its queue."""
    ids = itertools.count(3)
    return {
        "addid": lambda _: f"Id: {next(ids)}\n",
        "commands": "".join(f"command: {name}\n" for name in COMMANDS),
        "currentsong": ROWS[0],
        "find": _library_window,
        "plchangesposid": "cpos: 0\nId: 1\ncpos: 1\nId: 2\n",
        "playlistinfo": "".join(ROWS),
        "stats": STATS,
        "status": STATUS,
        "sticker find": "",
        "tagtypes": "tagtype: Artist\ntagtype: Title\ntagtype: Genre\n",
    }


@dataclass
class FaultyMpd:
    """The server.

    Attributes:
        responses: What it sends in place of the correct response, by command; `connect` is its greeting.
        asked: How often each command was received.
        sent: How many bytes were sent.
    """

    path: Path
    responses: Mapping[str, Response] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent: int = 0

    def __enter__(self) -> Self:
        self._correct = correct_responses()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.close()
        self.path.unlink()
        self.drop()

    def drop(self) -> None:
        """Close all connections."""
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if not self._send_response(connection, self.responses.get("connect", "OK MPD 0.23.5\n"), end=""):
                return
            listed: list[str] | None = None
            for line in connection.makefile("r", encoding="utf-8"):
                command = line.strip()
                if command == "command_list_ok_begin":
                    listed = []
                elif command == "command_list_end":
                    if not self._respond_to_list(connection, listed or []):
                        return
                    listed = None
                elif listed is not None:
                    listed.append(command)
                elif not self._respond(connection, command, 0, "OK\n"):
                    return

    def _respond_to_list(self, connection: socket.socket, commands: list[str]) -> bool:
        """Return False once the connection has ended."""
        for offset, command in enumerate(commands):
            done = self._respond(connection, command, offset, "list_OK\n")
            if not done:
                return done is None  # refused: MPD does not run the rest of the list
        return bool(self._send_response(connection, "", end="OK\n"))

    def _respond(self, connection: socket.socket, command: str, offset: int, end: str) -> bool | None:
        """Return None if the command was refused, False once the connection has ended."""
        words = shlex.split(command)
        name = " ".join(words[:2]) if words[0] == "sticker" else words[0]
        self.asked[name] += 1
        response = self.responses.get(name)
        if response is None:
            if name == "idle":
                self._closed.wait()
                return False
            response = "" if name == "tagtypes" and len(words) > 1 else self._correct.get(name, "")
        if callable(response):
            response = response(words)
        if isinstance(response, str) and response.startswith("ACK"):
            self._send_response(connection, response.replace("@?", f"@{offset}"), end="\n")
            return None
        return self._send_response(connection, response, end)

    def _send_response(self, connection: socket.socket, response: str | Raw | object, end: str) -> bool:
        if isinstance(response, str):
            self._send(connection, (response + end).encode())
            return True
        assert isinstance(response, Raw)
        for chunk in response.chunks():
            if self._closed.is_set():
                break
            self._send(connection, chunk)
            time.sleep(response.pause)
        return False

    def _send(self, connection: socket.socket, content: bytes) -> None:
        """Send, and count what was accepted: a client that stops reading accepts one socket buffer more."""
        while content:
            accepted = connection.send(content)
            content = content[accepted:]
            with self._lock:
                self.sent += accepted
