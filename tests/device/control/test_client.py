from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from device.control.client import ask
from device.errors import ServiceError


@pytest.mark.parametrize("reply", [b"OK MPD 0.23\n", b"7\n", b"[]\n", b"null\n"])
def test_another_programs_socket_is_recognized(tmp_path: Path, reply: bytes) -> None:
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()

        def greet() -> None:
            with other.accept()[0] as client:
                client.sendall(reply)
                client.recv(100)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(ServiceError, match="another program listens here"):
            ask(path, "status")
