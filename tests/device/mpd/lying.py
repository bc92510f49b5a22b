"""An MPD that lies: a thin server that answers from a table.

A real MPD cannot be brought to leave out a field, to send a line without end, or to stop in the middle of an
answer; what else listens where the settings say, or a bug to come, can. Whatever a real one can do, the tests
have done by a real one.
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
    f"duration: 60.000\nPos: {place}\nId: {place + 1}\n"
    for place, name in enumerate("ab")
]
STATUS = (
    "volume: 100\nrepeat: 0\nrandom: 0\nsingle: 0\nconsume: 0\npartition: default\nplaylist: 7\n"
    "playlistlength: 2\nmixrampdb: 0\nstate: play\nsong: 0\nsongid: 1\ntime: 1:60\nelapsed: 1.500\n"
    "bitrate: 128\nduration: 60.000\naudio: 44100:16:2\nnextsong: 1\nnextsongid: 2\n"
)
STATS = "uptime: 100\nplaytime: 0\nartists: 1\nalbums: 1\nsongs: 2\ndb_playtime: 120\ndb_update: 1700000000\n"
KNOWN = ("addid", "clearerror", "deleteid", "idle", "play", "playlistinfo", "status", "sticker")


@dataclass(frozen=True)
class Raw:
    """What is sent as it is, chunk by chunk, with so many seconds between two; then the connection ends."""

    chunks: Callable[[], Iterator[bytes]]
    pause: float = 0.0

    @classmethod
    def of(cls, *chunks: bytes, pause: float = 0.0) -> Raw:
        return cls(lambda: iter(chunks), pause)

    @classmethod
    def endless(cls, chunk: bytes, begin: bytes = b"", pause: float = 0.0) -> Raw:
        return cls(lambda: itertools.chain([begin], itertools.repeat(chunk)), pause)


Answer = str | Raw | Callable[[list[str]], str]
"""Text without the `OK` that follows it, by the words of the question if that matters; or something raw.

In text that begins with `ACK`, `@?` becomes the command's place in its list.
"""


def _found(words: list[str]) -> str:
    start, _, end = words[-1].partition(":")
    return "".join(ROWS[int(start) : int(end)])


def _truth() -> dict[str, Answer]:
    """What a real MPD with two songs in its library and in its queue would say."""
    ids = itertools.count(3)
    return {
        "addid": lambda _: f"Id: {next(ids)}\n",
        "commands": "".join(f"command: {name}\n" for name in KNOWN),
        "currentsong": ROWS[0],
        "find": _found,
        "plchangesposid": "cpos: 0\nId: 1\ncpos: 1\nId: 2\n",
        "playlistinfo": "".join(ROWS),
        "stats": STATS,
        "status": STATUS,
        "sticker find": "",
        "tagtypes": "tagtype: Artist\ntagtype: Title\ntagtype: Genre\n",
    }


@dataclass
class LyingMpd:
    """lies: what it answers in place of the truth, by command; `connect` is its greeting.

    asked: how often each command came. sent: bytes.
    """

    path: Path
    lies: Mapping[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent: int = 0

    def __enter__(self) -> Self:
        self._truth = _truth()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.close()
        self.path.unlink()
        self.drop()

    def drop(self) -> None:
        """Hangs up on everybody."""
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self._connections.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if not self._say(connection, self.lies.get("connect", "OK MPD 0.23.5\n"), end=""):
                return
            listed: list[str] | None = None
            for line in connection.makefile("r", encoding="utf-8"):
                command = line.strip()
                if command == "command_list_ok_begin":
                    listed = []
                elif command == "command_list_end":
                    if not self._answer_list(connection, listed or []):
                        return
                    listed = None
                elif listed is not None:
                    listed.append(command)
                elif not self._answer(connection, command, 0, "OK\n"):
                    return

    def _answer_list(self, connection: socket.socket, commands: list[str]) -> bool:
        """False once the connection has ended."""
        for place, command in enumerate(commands):
            going_on = self._answer(connection, command, place, "list_OK\n")
            if not going_on:
                return going_on is None  # refused: the rest of the list is not done
        return bool(self._say(connection, "", end="OK\n"))

    def _answer(self, connection: socket.socket, command: str, place: int, end: str) -> bool | None:
        """None if the command was refused, False once the connection has ended."""
        words = shlex.split(command)
        name = " ".join(words[:2]) if words[0] == "sticker" else words[0]
        self.asked[name] += 1
        answer = self.lies.get(name)
        if answer is None:
            if name == "idle":
                self._over.wait()
                return False
            answer = "" if name == "tagtypes" and len(words) > 1 else self._truth.get(name, "")
        if callable(answer):
            answer = answer(words)
        if isinstance(answer, str) and answer.startswith("ACK"):
            self._say(connection, answer.replace("@?", f"@{place}"), end="\n")
            return None
        return self._say(connection, answer, end)

    def _say(self, connection: socket.socket, answer: str | Raw | object, end: str) -> bool:
        if isinstance(answer, str):
            self._send(connection, (answer + end).encode())
            return True
        assert isinstance(answer, Raw)
        for chunk in answer.chunks():
            if self._over.is_set():
                break
            self._send(connection, chunk)
            time.sleep(answer.pause)
        return False

    def _send(self, connection: socket.socket, content: bytes) -> None:
        """Counts what was really taken: whoever reads no more takes no more than a socket's buffer."""
        while content:
            taken = connection.send(content)
            content = content[taken:]
            with self._lock:
                self.sent += taken
