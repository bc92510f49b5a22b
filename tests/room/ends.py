"""Both ends of `moodbox room` on threads, and a box that only says what it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from room.carrier import Address, Carrier
from room.listener import Listener

KEY = b"k" * 64


@contextmanager
def listening(box: Path, key: bytes = KEY, port: int = 0) -> Iterator[Address]:
    """Run the end at the box that plays."""
    with Listener(socket.create_server(("127.0.0.1", port)), box, key) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Address(*listener.server_address[:2])  # type: ignore[arg-type]
        finally:
            listener.shutdown()
            thread.join()


def carry(box: Path, server: Address, key: bytes = KEY) -> None:
    """Run the end at the box that plays along, until the tests end."""
    threading.Thread(target=Carrier(box, server, key).run, daemon=True).start()
