"""The end at the box that plays for all: takes what a press elsewhere asks for, and gives it to its box."""

from __future__ import annotations

import errno
import logging
import socket
import socketserver
import threading
from collections import Counter
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import msgspec

from device.control.client import ask
from device.control.room_commands import RoomLook
from device.errors import ServiceError
from device.printable import printable
from device.rate_limit import RateLimit
from room.lines import VERSION, Hello, LineError, Lines, Said, Welcome, decoded
from room.proof import Exchange, Sender, is_challenge, new_challenge

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 8  # at once
MAX_OF_ONE_ADDRESS = 3  # of them, so that one machine that says nothing does not keep the others out
BURST, PER_S = 20, 2.0  # exchanges of one address
REPORT_AGAIN_S = 60.0  # until the same address is named in the journal again
ACCEPT_PAUSE_S = 1.0  # while too many files are open
MAX_REASON = 200  # characters
OTHER_VERSION = "the boxes have different versions of moodbox: deploy the same one to both"
BROKEN_OFF = "if it is one of your boxes, its key is another: copy /etc/moodbox/room.key from this one"
WRONG_KEY = "its key is another: copy /etc/moodbox/room.key from the box that plays for all"


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on a socket that is open already, with a thread for each connection and bounds for all."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, box: Path, key: bytes) -> None:
        """Take the socket, the box's control socket, and the key that all rooms share."""
        # Not TCPServer's own, which creates a socket of the network: the unit's sandbox refuses that.
        socketserver.BaseServer.__init__(self, listening.getsockname(), _Handler)
        self.socket = listening
        self.box = box
        self.key = key
        self._connections: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._rates = RateLimit(BURST, PER_S)
        self._reports = RateLimit(1, 1 / REPORT_AGAIN_S)

    def get_request(self) -> Any:
        """Accept a connection. With too many open files it would be tried again at once, without end."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno not in (errno.ECONNABORTED, errno.EAGAIN):  # these two: the client has gone
                self.report("", f"connections cannot be accepted: {error.strerror}")
                sleep(ACCEPT_PAUSE_S)
            raise

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse an address that comes too often, or a connection more than there are places for."""
        if not self._rates.allows(client_address[0]):
            self.report(client_address[0], "it asks too often")
            return False
        with self._lock:
            free = self._connections.total() < MAX_CONNECTIONS
            if free := free and self._connections[client_address[0]] < MAX_OF_ONE_ADDRESS:
                self._connections[client_address[0]] += 1
        return free

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection; give its place back if there can be none."""
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._give_place_back(client_address[0])
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._give_place_back(client_address[0])

    def _give_place_back(self, address: str) -> None:
        with self._lock:
            self._connections[address] -= 1
            self._connections += Counter()  # those with none are left out

    def report(self, address: str, problem: str) -> None:
        """Log what an address does wrong, once a minute; "" is this end itself."""
        if self._reports.allows(address):
            log.warning("%s: %s", address.removeprefix("::ffff:") or "this box", printable(problem))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An error of moodbox's own in one exchange ends that exchange."""
        log.exception("an exchange with %s has failed", client_address[0])


class _Handler(socketserver.BaseRequestHandler):
    server: Listener

    def handle(self) -> None:
        lines = Lines(self.request)
        try:
            self._exchange(lines)
        except LineError as error:
            self.server.report(self.client_address[0], str(error))
        except OSError as error:
            log.debug("%s: %s", self.client_address[0], error)  # it has gone, or is too slow

    def _exchange(self, lines: Lines) -> None:
        hello = lines.read(Hello)
        if hello.moodbox != VERSION:
            lines.send(Welcome(error=OTHER_VERSION))
            return
        if not is_challenge(hello.challenge):
            raise LineError("a challenge is not one of moodbox's")
        exchange = Exchange(self.server.key, hello.challenge, new_challenge())
        lines.send(Welcome(exchange.server, exchange.proof(Sender.SERVER)))
        began = monotonic()
        try:
            said = lines.read(Said)
        except LineError as error:
            raise LineError(f"{error}; {BROKEN_OFF}") from error
        if not exchange.accepts(said.proof, Sender.CLIENT, said.body):
            self.server.report(self.client_address[0], WRONG_KEY)
            lines.send(Said(error=WRONG_KEY))
            return
        problem = self._give(said.body, monotonic() - began) if said.body else ""
        body = msgspec.json.encode({"error": problem} if problem else {"ok": True}).decode()
        lines.send(Said(body, exchange.proof(Sender.ANSWER, body)))

    def _give(self, body: str, waited_s: float) -> str:
        """Give the box what was asked for; return why it does not do that, or nothing."""
        look: RoomLook = decoded(body, RoomLook)
        try:
            ask(self.server.box, msgspec.structs.replace(look, age=look.age + waited_s))
        except ServiceError as error:
            return printable(str(error))[:MAX_REASON]
        return ""
