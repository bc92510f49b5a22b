"""The process: its options, the sockets that systemd hands it, and its end when nobody looks any more."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn

from device.output import OneLineParser, written_out
from window.application import Window
from window.server.connection import Connection
from window.server.ending import PageServer

FIRST_SOCKET = 3  # systemd passes its sockets from this file descriptor on
IDLE_S = 600.0
KEEP_ALIVE_S = 15
END_S = 3
MAX_HEADER_BYTES = 16 << 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the window until a signal ends it, or, if systemd has started it, until nobody looks any more."""
    with written_out("moodbox window"):
        parser = _parser()
        options = parser.parse_args(arguments)
        sockets = passed_sockets()
        try:
            options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            listening = sockets or [_listen(options.address, options.port)]
        except (OSError, OverflowError, UnicodeError) as error:  # the latter two: no such port; no such name
            reason = getattr(error, "strerror", None) or str(error).rstrip(".")
            print(f"moodbox window: {reason}: {_place(error, options)}", file=sys.stderr)
            return 1
        window = Window(
            socket=options.socket, state=options.state, uploads=options.uploads, names=options.name
        )
        if not sockets:
            link = _show_new_link(window, listening[0])
            window.pairing.on_link_used = partial(_show_new_link, window, listening[0])
            if options.open and has_screen():
                webbrowser.open(link)
        asyncio.run(server_for(window, IDLE_S if sockets else None).serve(listening))
    return 0


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="moodbox window", description="Serve a web page that shows what the box does, and steers it."
    )
    state = os.environ.get("STATE_DIRECTORY") or "~/.local/state/moodbox-window"
    add = parser.add_argument
    add("--socket", type=Path, default="/run/moodbox/control.sock", help="the box's control socket")
    add("--state", type=Path, default=Path(state).expanduser(), metavar="FOLDER", help="for its own files")
    add("--uploads", type=Path, metavar="FOLDER", help="where to put songs; default: no uploads")
    add("--address", default="127.0.0.1", help="where to listen; default: for this computer alone")
    add("--port", type=int, default=8080, help="0 for any that is free")
    add("--name", action="append", default=[], help="another name of this machine; may be repeated")
    add("--open", action="store_true", help="open the page in this computer's browser, if it has one")
    return parser


def passed_sockets() -> list[socket.socket]:
    """Return the sockets that systemd has opened for this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=number) for number in range(FIRST_SOCKET, FIRST_SOCKET + count)]


def has_screen() -> bool:
    """Tell whether a browser can show something here; one in a terminal would be in the way."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _show_new_link(window: Window, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    link = f"http://{f'[{host}]' if ':' in host else host}:{port}{window.pairing.new_link()}"
    with suppress(OSError):  # nobody reads it any more
        print(f"open {link}", flush=True)
    return link


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address, port))
    listening.listen()  # before anybody learns the address
    return listening


def _place(error: Exception, options: object) -> str:
    if filename := getattr(error, "filename", None):
        return str(filename)
    return (
        f"{getattr(options, 'address', '')} port {getattr(options, 'port', '')}; choose another with --port"
    )


def server_for(window: Window, idle_s: float | None = None) -> PageServer:
    """Return what serves the pages, with all bounds; it ends after `idle_s` seconds without a connection."""
    config = uvicorn.Config(
        window.app,
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",  # what is no request, anybody may send: it must not fill the journal
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=END_S,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    return PageServer(config, idle_s)
