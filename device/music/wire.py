"""A socket to MPD on which an answer has an end, in time and in bytes.

Both bounds hold for an answer as a whole: a socket's own timeout begins anew with each byte that comes, and a
line is as long as whoever sends it likes.
"""

from __future__ import annotations

import socket
from collections import deque
from time import monotonic

LONGEST_LINE = 2**16  # bytes; the rest of a longer line is thrown away
LARGEST_ANSWER = 9 * 2**20  # bytes; MPD itself sends 8 MiB and a little more (max_output_buffer_size)


class AnswerError(Exception):
    """MPD has answered something that MPD does not answer."""


class Wire:
    """A connection, line by line. Every call may raise OSError; TimeoutError once the time is up."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        """seconds: until the greeting must be there."""
        self.socket = connection
        self._lines: deque[bytes] = deque()
        self._unfinished = bytearray()  # the line that has not come to its end yet
        self.expect(seconds)

    @classmethod
    def to(cls, address: str, seconds: float) -> Wire:
        """A Unix socket (a path, or @ for an abstract one), or TCP (host:port).

        seconds: until it is connected and the greeting is there, the look-up of a host's name excepted: that
        is the system's, and has limits of its own.
        """
        ends = monotonic() + seconds
        if address.startswith(("/", "@")):
            path = "\0" + address[1:] if address.startswith("@") else address
            return cls(_connected(socket.AF_UNIX, path, seconds), ends - monotonic())
        host, _, port = address.rpartition(":")
        flags = socket.AI_ADDRCONFIG
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=flags)
        ends = monotonic() + seconds
        for left, (family, *_, place) in zip(range(len(found), 0, -1), found, strict=True):
            try:
                connection = _connected(family, place, (ends - monotonic()) / left)
            except OSError:
                if left == 1:
                    raise
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return cls(connection, ends - monotonic())
        raise AssertionError("a host that was found has an address")

    def expect(self, seconds: float, *, sleeps: bool = False) -> None:
        """From here on comes the answer to what is sent next, whole within so many seconds.

        sleeps: MPD may take its time before it begins to answer; the seconds are counted from there on.
        Raises AnswerError if MPD has said more than it was asked.
        """
        if self._lines or self._unfinished:
            raise AnswerError("it speaks without being asked")
        self._seconds = seconds
        self._ends = None if sleeps else monotonic() + seconds
        self._left = LARGEST_ANSWER

    def send(self, line: str) -> None:
        self._wait(self._seconds)  # sendall counts them for all that it sends
        self.socket.sendall(line.encode() + b"\n")

    def line(self) -> bytes:
        """The next line of the answer, without its end. Raises AnswerError if the answer is too large."""
        while not self._lines:
            self._receive()
        return self._lines.popleft()

    def _receive(self) -> None:
        if self._left == 0:
            raise AnswerError(f"an answer of more than {LARGEST_ANSWER >> 20} MiB")
        self._wait(self._seconds_left())
        received = self.socket.recv(min(LONGEST_LINE, self._left))
        if not received:
            raise ConnectionResetError("it has closed the connection")
        self._left -= len(received)
        if self._ends is None:
            self._ends = monotonic() + self._seconds
        end, newline, rest = received.partition(b"\n")
        self._unfinished += end[: LONGEST_LINE - len(self._unfinished)]
        if newline:
            *whole, begun = rest.split(b"\n")
            self._lines.append(bytes(self._unfinished))
            self._lines.extend(whole)
            self._unfinished = bytearray(begun)

    def _seconds_left(self) -> float | None:
        """None: as long as it takes."""
        if self._ends is None:
            return None
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError("the answer is not whole in time")
        return self._seconds if self._left == LARGEST_ANSWER else left  # it has only just been asked for

    def _wait(self, seconds: float | None) -> None:
        if self.socket.gettimeout() != seconds:  # setting it is a question to the kernel
            self.socket.settimeout(seconds)


def _connected(family: int, place: object, seconds: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(max(0.001, seconds))  # 0 would not wait at all
        connection.connect(place)  # type: ignore[arg-type]
    except BaseException:
        connection.close()
        raise
    return connection
