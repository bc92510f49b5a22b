"""A socket to MPD on which each response is bounded, in time and in bytes.

Both bounds hold for a response as a whole. A socket's own timeout starts again with each byte that arrives,
and a line is as long as the server likes.
"""

from __future__ import annotations

import socket
from collections import deque
from time import monotonic

MAX_LINE = 2**16  # bytes; the rest of a longer line is thrown away
MAX_RESPONSE = 9 * 2**20  # bytes; MPD itself sends 8 MiB and a little more (max_output_buffer_size)


class ResponseError(Exception):
    """The server has sent what MPD would not send."""


class Transport:
    """A connection that is read line by line.

    Every call may raise OSError; TimeoutError once the time for the response is over.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        """Take a connected socket on which the greeting is due within so many seconds."""
        self.socket = connection
        self._lines: deque[bytes] = deque()
        self._unfinished = bytearray()  # a line whose end has not arrived yet
        self.begin_response(seconds)

    @classmethod
    def connect(cls, address: str, seconds: float) -> Transport:
        """Connect to a Unix socket (a path, or @ for an abstract one) or to TCP (host:port).

        Args:
            address: Where MPD listens.
            seconds: Until it is connected and the greeting is there. The look-up of a host name is not
                counted: the system does that, within limits of its own.
        """
        deadline = monotonic() + seconds
        if address.startswith(("/", "@")):
            path = "\0" + address[1:] if address.startswith("@") else address
            return cls(_connect(socket.AF_UNIX, path, seconds), deadline - monotonic())
        host, _, port = address.rpartition(":")
        flags = socket.AI_ADDRCONFIG
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=flags)
        deadline = monotonic() + seconds
        for left, (family, *_, endpoint) in zip(range(len(found), 0, -1), found, strict=True):
            try:
                connection = _connect(family, endpoint, (deadline - monotonic()) / left)
            except OSError:
                if left == 1:
                    raise
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return cls(connection, deadline - monotonic())
        raise AssertionError("getaddrinfo returned no address")

    def begin_response(self, seconds: float, *, idle: bool = False) -> None:
        """Set the bounds of the response to the command that is sent next.

        Args:
            seconds: In which the whole response must arrive.
            idle: MPD may take as long as it likes before it begins to respond; the seconds count from then.

        Raises:
            ResponseError: MPD has already sent more than it was asked for.
        """
        if self._lines or self._unfinished:
            raise ResponseError("it sends more than it was asked for")
        self._seconds = seconds
        self._deadline = None if idle else monotonic() + seconds
        self._bytes_left = MAX_RESPONSE

    def send_line(self, line: str) -> None:
        """Send one line; its end is added."""
        self._set_timeout(self._seconds)  # for sendall as a whole
        self.socket.sendall(line.encode() + b"\n")

    def read_line(self) -> bytes:
        """Return the next line of the response, without its end. Raises ResponseError if it is too large."""
        while not self._lines:
            self._receive()
        return self._lines.popleft()

    def _receive(self) -> None:
        if self._bytes_left == 0:
            raise ResponseError(f"a response of more than {MAX_RESPONSE >> 20} MiB")
        self._set_timeout(self._seconds_left())
        received = self.socket.recv(min(MAX_LINE, self._bytes_left))
        if not received:
            raise ConnectionResetError("it has closed the connection")
        self._bytes_left -= len(received)
        if self._deadline is None:
            self._deadline = monotonic() + self._seconds
        end, newline, rest = received.partition(b"\n")
        self._unfinished += end[: MAX_LINE - len(self._unfinished)]
        if newline:
            *complete, unfinished = rest.split(b"\n")
            self._lines.append(bytes(self._unfinished))
            self._lines.extend(complete)
            self._unfinished = bytearray(unfinished)

    def _seconds_left(self) -> float | None:
        """Seconds until the deadline; None while an idle MPD has not begun to respond."""
        if self._deadline is None:
            return None
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the response is incomplete")
        return self._seconds if self._bytes_left == MAX_RESPONSE else left  # nothing has arrived yet

    def _set_timeout(self, seconds: float | None) -> None:
        if self.socket.gettimeout() != seconds:  # setting it costs a system call
            self.socket.settimeout(seconds)


def _connect(family: int, endpoint: object, seconds: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(max(0.001, seconds))  # 0 would make the socket non-blocking
        connection.connect(endpoint)  # type: ignore[arg-type]
    except BaseException:
        connection.close()
        raise
    return connection
