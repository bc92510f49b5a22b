"""The control socket's server: passes requests such as `moodbox status` to the box."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import select
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from device.control.command import REPLY_TIMEOUT_S, Command
from device.control.mailbox import Mailbox
from device.control.protocol import (
    MAX_REQUEST_BYTES,
    RequestError,
    parse_request,
)
from device.errors import ServiceError
from device.health import Part
from device.printable import printable
from device.supervision import DEFAULT_RESTART_POLICY, PartMonitor, Post, RestartPolicy, SupervisedThread

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 16  # at once
# Of these, so that requests always find a place. The page takes two, Home Assistant and the rooms one each.
MAX_SUBSCRIBERS = 8
POLL_S = 0.5  # seconds after which a subscriber's thread checks whether it has to end
PATH_CHECK_S = 10.0  # until it is noticed that another program has removed the socket's file
CLOSE_TIMEOUT_S = 5.0
NO_REPLY = "the box does not answer"
Replies = Generator[dict[str, Any], None, None]
ENDING: dict[str, Any] = {"error": "the box is ending"}


@dataclass(frozen=True)
class Request:
    """One command from the control socket.

    The box puts its reply into `reply`; for a Subscribe, a further one after each change of its state.
    """

    command: Command
    reply: Mailbox = field(default_factory=Mailbox, compare=False)


class ControlServer:
    """Listens on a Unix socket of mode 660: a line with one request in, a line of JSON out.

    Anything else gets an error in JSON. A listening socket that fails, or whose file is removed, is
    replaced by a new one at the same path.

    Attributes:
        path: The socket's path.
    """

    def __init__(
        self, path: Path, post: Post, restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY
    ) -> None:
        """Open the socket and start to listen.

        Args:
            path: The socket's path; its folder is made if it is missing.
            post: Takes Requests.
            restart_policy: When a socket that failed is replaced.

        Raises:
            ServiceError: The socket cannot be opened, or a box listens there already.
        """
        self.path = path
        self._post = post
        self._refusing = threading.Event()
        self._connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._subscribers = threading.BoundedSemaphore(MAX_SUBSCRIBERS)
        self._request_monitor = PartMonitor(Part.QUESTIONS, post, restart_policy)
        self._waker, self._woken = socket.socketpair()  # the one is readable when the other is closed
        self._opened: _Listener | None = self._open()
        self._thread = SupervisedThread(PartMonitor(Part.CONTROL, post, restart_policy), self._listen)
        self._thread.start()

    def refuse_requests(self) -> None:
        """Reply ENDING to every request from now on, because nothing takes events from the queue any more."""
        self._refusing.set()

    def close(self) -> None:
        """Close the socket and remove its file."""
        self._thread.closed.set()
        self._waker.close()
        self._thread.close(timeout_s=CLOSE_TIMEOUT_S)
        self._woken.close()

    def replies_to(self, line: bytes, is_connected: Callable[[], bool], user: int) -> Replies:
        """Yield the box's reply, or an error; for a Subscribe go on until the client or the box has gone.

        Args:
            line: What the client has sent.
            is_connected: Whether the client still is.
            user: The id of the client's user. In the service's sandbox all but root and its own are one.
        """
        try:
            request = Request(parse_request(line))
        except RequestError as error:
            yield {"error": str(error)}
            return
        if request.command.owner_only and user not in (0, os.geteuid()):
            yield {"error": f"only root may say {request.command.name}: use sudo"}
            return
        try:
            if not request.command.goes_on:
                yield self._reply(request, is_connected)
            elif not self._subscribers.acquire(blocking=False):
                yield {"error": f"there are {MAX_SUBSCRIBERS} subscribers already; end one of them"}
            else:
                try:
                    yield from self._subscribed(request, is_connected)
                finally:
                    self._subscribers.release()
        finally:
            request.reply.close()

    def _reply(self, request: Request, is_connected: Callable[[], bool]) -> dict[str, Any]:
        if not self._refusing.is_set():
            self._post(request)
        # Checked again, because the queue may have been emptied for the last time before the request came in.
        if self._refusing.is_set():
            return ENDING
        deadline = monotonic() + request.command.reply_timeout_s
        while (left := deadline - monotonic()) > 0 and not self._refusing.is_set():
            if reply := request.reply.get(min(left, REPLY_TIMEOUT_S)):
                return reply
            if not is_connected():
                break
        return {"error": NO_REPLY}

    def _subscribed(self, request: Request, is_connected: Callable[[], bool]) -> Replies:
        yield (reply := self._reply(request, is_connected))
        while "error" not in reply and is_connected():
            if next_reply := request.reply.get(POLL_S):
                yield (reply := next_reply)
            elif self._refusing.is_set():
                yield ENDING
                return

    def _open(self) -> _Listener:
        try:
            self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            if self.path.is_socket():
                _remove_stale(self.path)
            umask = os.umask(0o117)
            try:
                return _Listener(self.path, self.replies_to, self._connections, self._request_monitor)
            finally:
                os.umask(umask)
        except OSError as error:
            if isinstance(error, ServiceError):
                raise
            raise ServiceError(
                f"{self.path}: cannot listen there ({error.strerror or error}); "
                "set service.socket to another path"
            ) from error

    def _listen(self) -> None:
        opened, self._opened = self._opened, None
        with contextlib.closing(opened or self._open()) as listener:
            awaited: list[Any] = [listener, self._woken]
            while not self._thread.closed.is_set():
                if listener in select.select(awaited, [], [], PATH_CHECK_S)[0]:
                    listener.handle_request()
                if listener.failure:
                    raise listener.failure
                if not listener.owns_path():
                    raise ServiceError(f"{self.path} was removed by another program")


class _Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One listening socket, with a thread for each connection.

    failure: why it can accept no more connections.
    """

    daemon_threads = True
    request_queue_size = 32  # beyond it, connecting fails at once instead of waiting
    timeout = 0  # of handle_request, which is called once there is a connection

    def __init__(
        self,
        path: Path,
        replies_to: Callable[[bytes, Callable[[], bool], int], Replies],
        connections: threading.BoundedSemaphore,
        request_monitor: PartMonitor,
    ) -> None:
        self.replies_to = replies_to
        self.request_monitor = request_monitor
        self.failure: ServiceError | None = None
        self._connections = connections
        self._path = path
        self._silent: dict[socket.socket, None] = {}  # those whose request has not come in, the oldest first
        super().__init__(str(path), _Handler)
        self._inode = path.stat().st_ino

    def owns_path(self) -> bool:
        """Whether the socket at the path is still this one."""
        with contextlib.suppress(OSError):
            return self._path.stat().st_ino == self._inode
        return False

    def close(self) -> None:
        self.server_close()
        if self.owns_path():
            self._path.unlink(missing_ok=True)

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except OSError as error:
            # With too many open files socketserver would try again at once, without end.
            if error.errno not in (errno.ECONNABORTED, errno.EAGAIN):  # these two: the client has gone
                self.failure = ServiceError(f"{self._path}: cannot accept connections ({error.strerror})")
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._connections.acquire(blocking=False) and not self._take_place_of_a_silent_one():
            self.shutdown_request(request)
            return
        self._silent[request] = None
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self.has_spoken(request)
            self._connections.release()
            raise

    def _take_place_of_a_silent_one(self) -> bool:
        """Disconnect the client that has been silent for longest, so that silent ones keep nobody out."""
        for silent in list(self._silent):
            with contextlib.suppress(OSError):
                silent.shutdown(socket.SHUT_RDWR)
                return self._connections.acquire(timeout=POLL_S)
        return False

    def has_spoken(self, request: socket.socket) -> None:
        """Note that a request has come in, or that the connection has ended."""
        self._silent.pop(request, None)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.has_spoken(request)
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if error is None or isinstance(error, OSError):
            log.debug("control socket", exc_info=True)  # the client has gone, or is too slow
        else:
            self.request_monitor.report_failure(error)


class _Handler(socketserver.StreamRequestHandler):
    server: _Listener

    def handle(self) -> None:
        try:
            line = self._read_line()
        except TimeoutError:
            self._send({"error": f"no whole line within {REPLY_TIMEOUT_S:.0f} s"})
            return
        self.server.has_spoken(self.connection)
        if len(line) == MAX_REQUEST_BYTES and not line.endswith(b"\n"):
            self._send({"error": f"the line is longer than {MAX_REQUEST_BYTES} bytes"})
            return
        with contextlib.closing(self.server.replies_to(line, self._is_connected, self._user())) as replies:
            for reply in replies:
                self._send(reply)
                self.server.request_monitor.mark_healthy()

    def _read_line(self) -> bytes:
        """Everything up to the first end of a line, to the client's end, or to MAX_REQUEST_BYTES."""
        line, deadline = b"", monotonic() + REPLY_TIMEOUT_S
        while b"\n" not in line and len(line) < MAX_REQUEST_BYTES:
            self.connection.settimeout(max(0.001, deadline - monotonic()))
            if not (part := self.connection.recv(MAX_REQUEST_BYTES - len(line))):
                break
            line += part
        first, end, _ = line.partition(b"\n")
        return first + end

    def _send(self, reply: dict[str, Any]) -> None:
        """Send a line. Raises TimeoutError if the client does not take it."""
        if "error" in reply:  # it may name what the client has sent
            reply = reply | {"error": printable(reply["error"])}
        self.connection.settimeout(REPLY_TIMEOUT_S)
        self.connection.sendall(json.dumps(reply).encode() + b"\n")

    def _user(self) -> int:
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, user, _ = struct.unpack("3i", credentials)
        return int(user)

    def _is_connected(self) -> bool:
        """Whether the client is still there; it may have closed its sending half, as `socat` does."""
        poll = select.poll()
        poll.register(self.connection, 0)  # only the end of a connection is reported
        return not poll.poll(0)


def _remove_stale(path: Path) -> None:
    """Remove the socket file of a box that was killed. Raises ServiceError if a box listens at it."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        probe.setblocking(False)  # a box that is stopped accepts nobody
        try:
            with contextlib.suppress(BlockingIOError):  # so many wait there already
                probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise ServiceError(f"{path}: a box runs already; ask it with `moodbox status`")
