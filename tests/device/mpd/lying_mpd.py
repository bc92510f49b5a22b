"""A proxy before a real MPD that falsifies some of its responses, and can be away.

A real MPD does not lie. Behind the proxy everything is as it is in reality: songs play, queues change.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Self

Lines = list[str]


def _with_value(value: str) -> Callable[[Lines, int], Lines]:
    def change(lines: Lines, at: int) -> Lines:
        name = lines[at].partition(": ")[0]
        return [*lines[:at], f"{name}: {value}\n", *lines[at + 1 :]]

    return change


MUTATIONS: dict[str, Callable[[Lines, int], Lines]] = {
    "missing": lambda lines, at: lines[:at] + lines[at + 1 :],
    "doubled": lambda lines, at: [*lines[: at + 1], *lines[at:]],
    "huge": _with_value("9" * 30),
    "long": _with_value("x" * 100_000),
    "negative": _with_value("-1"),
    "text": _with_value("text"),
    "empty": _with_value(""),
    "moved": lambda lines, at: [lines[at], *lines[:at], *lines[at + 1 :]],
    "reversed": lambda lines, at: lines[::-1],
    "nothing": lambda lines, at: [],
}


@dataclass(frozen=True)
class Lie:
    """What happens to each response to `command`: one of MUTATIONS, at the line `at`, counted round."""

    command: str
    mutation: str
    at: int

    def told(self, lines: Lines) -> Lines:
        """The response's lines with this lie."""
        return MUTATIONS[self.mutation](lines, self.at % len(lines)) if lines else lines


class LyingMpd:
    """The proxy, which listens at `path` while it is not away.

    Attributes:
        lie: What is told; None for the truth.
    """

    def __init__(self, path: Path, real: str) -> None:
        self._path, self._real = path, real
        self._server: socket.socket | None = None
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.lie: Lie | None = None

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    @property
    def is_away(self) -> bool:
        return self._server is None

    def go_away(self) -> None:
        """Refuse connections, and close those that are open."""
        if self._server:
            self._path.unlink()
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None
        self.hang_up()

    def come_back(self) -> None:
        """Listen again."""
        if self._server is None:
            self._server = socket.socket(socket.AF_UNIX)
            self._server.bind(str(self._path))
            self._server.listen(16)
            threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def hang_up(self) -> None:
        """Close all connections."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _close(*pair)

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                real = socket.socket(socket.AF_UNIX)
                real.connect(self._real)
                with self._lock:
                    self._pairs.append((client, real))
                asked: SimpleQueue[list[str]] = SimpleQueue()
                for run in (self._forward_commands, self._forward_responses):
                    threading.Thread(target=run, args=(client, real, asked), daemon=True).start()

    def _forward_commands(
        self, client: socket.socket, real: socket.socket, asked: SimpleQueue[list[str]]
    ) -> None:
        listed: list[str] | None = None
        with contextlib.suppress(OSError, ValueError):
            for line in client.makefile("rb"):
                name = line.split(maxsplit=1)[0].decode()
                if name == "command_list_ok_begin":
                    listed = []
                elif name == "command_list_end":
                    asked.put(listed or [])
                    listed = None
                elif listed is not None:
                    listed.append(name)
                else:
                    asked.put([name])
                real.sendall(line)
        _close(client, real)

    def _forward_responses(
        self, client: socket.socket, real: socket.socket, asked: SimpleQueue[list[str]]
    ) -> None:
        with contextlib.suppress(OSError, ValueError):
            stream = real.makefile("r", encoding="utf-8", errors="surrogateescape", newline="\n")
            client.sendall(stream.readline().encode())
            lines: Lines = []
            commands: list[str] = []
            for line in stream:
                commands = commands or list(asked.get())
                if line not in ("OK\n", "list_OK\n") and not line.startswith("ACK "):
                    lines.append(line)
                    continue
                lie = self.lie
                if lie and commands and commands[0] == lie.command:
                    lines = lie.told(lines)
                client.sendall("".join([*lines, line]).encode("utf-8", "surrogateescape"))
                lines, commands = [], commands[1:] if line == "list_OK\n" else []
                if line == "list_OK\n" and not commands:
                    commands = [""]  # the list's own OK follows
        _close(client, real)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            each.close()
