"""The process: its options, the socket that systemd hands it, and which of the two ends it is."""

from __future__ import annotations

import argparse
import logging
import os
import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from device.output import OneLineParser, written_out
from device.supervision import EXIT_INTERNAL_ERROR
from room.carrier import PORT, Address, Carrier
from room.listener import Listener
from room.proof import RoomError, read_key

log = logging.getLogger(__name__)

FIRST_SOCKET = 3  # systemd passes its sockets from this file descriptor on
POLL_S = 3600.0  # nothing but a signal ends it, so it need not look whether it has to end
KEY = "room.key"
ADDRESS = re.compile(
    r"(?P<host>[^:]+)(:(?P<port>\d+))?"
    r"|\[(?P<v6>[^]]+)\](:(?P<port6>\d+))?"
    r"|(?P<bare>[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,})"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one end until a signal ends it."""
    with written_out("moodbox room"):
        parser = _parser()
        options = parser.parse_args(arguments)
        if options.check and not options.server and options.listen is None:
            print("off: neither room.serve nor room.server is set")
            return 0
        if not options.server and options.listen is None:
            parser.error(
                "this box plays its own music alone: set room.serve or room.server, as docs/rooms.md says"
            )
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        try:
            key = read_key(options.key)
            if options.check:
                return _check(options, key)
            if options.server:
                Carrier(options.socket, address_of(options.server), key).run()
            with Listener(listening_socket(options.listen), options.socket, key) as listener:
                listener.serve_forever(POLL_S)
        except RoomError as error:
            print(f"moodbox room: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            return 130
        except Exception:
            log.critical("the process ends by an error of moodbox's own", exc_info=True)
            return EXIT_INTERNAL_ERROR
    return 0


def _check(options: argparse.Namespace, key: bytes) -> int:
    from room.check import check

    server = address_of(options.server) if options.server else Address("127.0.0.1", options.listen)
    print(check(server, key, serves=not options.server))
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="moodbox room", description="Carry presses from one room to the box that plays for all rooms."
    )
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "/etc/moodbox")
    add = parser.add_argument
    add("--socket", type=Path, default="/run/moodbox/control.sock", help="the box's control socket")
    add("--key", type=Path, default=Path(credentials) / KEY, metavar="FILE", help="the key of all rooms")
    add("--check", action="store_true", help="only say whether presses and sound get from room to room")
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument(
        "--listen", type=int, nargs="?", const=PORT, metavar="PORT", help=f"this box plays; default: {PORT}"
    )
    ends.add_argument("--server", metavar="HOST[:PORT]", help="the box that plays")
    return parser


def address_of(text: str) -> Address:
    """Read HOST, HOST:PORT, an IPv6 address, or [ADDRESS]:PORT. Raises RoomError."""
    found = ADDRESS.fullmatch(text)
    port = int((found and (found["port"] or found["port6"])) or PORT)
    if not found or not 0 < port < 65536:
        raise RoomError(f"--server: expected HOST or HOST:PORT; found {text!r}")
    return Address(found["v6"] or found["host"] or found["bare"], port)


def listening_socket(port: int) -> socket.socket:
    """Return the socket that systemd has opened, or one on this port. Raises RoomError."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return socket.socket(fileno=FIRST_SOCKET)
    try:
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RoomError(f"port {port}: {reason}; choose another with --listen") from error
