"""A port for a server that starts later, or never."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """A port of 127.0.0.1 that no other test gets; whoever connects is refused until a server listens there.

    Linux lets that server, which sets SO_REUSEADDR as all do, have the port beside a socket that only holds
    it.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
