"""The control socket when its places, or the system's threads, are all taken."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from device.control.client import ask
from device.control.server import MAX_CONNECTIONS, ControlServer, Request
from device.errors import ServiceError


def reply_to(request: Request) -> None:
    request.reply.put({"verb": request.command.name})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


def test_silent_clients_keep_nobody_out_however_many_they_are(path: Path) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(closing(ControlServer(path, reply_to)))
        for _ in range(40):
            connection = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
            connection.connect(str(path))
            assert ask(path, "status") == {"verb": "status"}
        for _ in range(20):
            assert ask(path, "status") == {"verb": "status"}


def test_a_client_waits_for_a_place_before_it_gives_up(path: Path) -> None:
    """The box has not begun to accept connections, and as many wait as the kernel lets wait."""
    path.parent.mkdir()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        listener.bind(str(path))
        listener.listen(0)
        waiting = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        waiting.connect(str(path))
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(ask(path, "status")))
        asking.start()
        listener.accept()[0].close()
        connection = stack.enter_context(listener.accept()[0])
        assert connection.recv(100) == b"status\n"
        connection.sendall(b'{"ok": true}\n')
        asking.join()
    assert answers == [{"ok": True}]


def test_a_box_that_is_stopped_and_accepts_nobody_keeps_a_second_one_from_starting(path: Path) -> None:
    path.parent.mkdir()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        listener.bind(str(path))
        listener.listen(0)
        stack.enter_context(closing(socket.socket(socket.AF_UNIX))).connect(str(path))
        with pytest.raises(ServiceError, match="a box runs already"):
            ControlServer(path, reply_to)


def test_no_place_is_lost_when_no_thread_can_be_started(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[Any] = []
    server = ControlServer(
        path, lambda event: reply_to(event) if isinstance(event, Request) else failed.append(event)
    )
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if "process_request_thread" in thread.name:
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(2 * MAX_CONNECTIONS):
            with contextlib.suppress(ServiceError):
                ask(path, "status")
    monkeypatch.setattr("device.control.server.REPLY_TIMEOUT_S", 60.0)  # so long may they be silent
    silent = [socket.socket(socket.AF_UNIX) for _ in range(MAX_CONNECTIONS - 1)]
    for connection in silent:
        connection.connect(str(path))
    assert ask(path, "status") == {"verb": "status"}
    for connection in silent:
        connection.settimeout(0)
        with pytest.raises(BlockingIOError):  # the server has not closed it
            connection.recv(1)
        connection.close()
    server.close()
    assert "can't start new thread" in failed[0].problem
