from __future__ import annotations

import json
import os
import select
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.control.client import ask
from device.control.protocol import MAX_REQUEST_BYTES, NAMES
from device.control.server import MAX_CONNECTIONS, ControlServer, Request
from device.errors import ServiceError
from device.health import Part, PartFailed, PartRecovered
from tests.waiting import eventually


def reply_to(request: Request) -> None:
    request.reply.put({"verb": request.command.name})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def server(path: Path) -> Iterator[ControlServer]:
    server = ControlServer(path, reply_to)
    yield server
    server.close()


def raw(path: Path, content: bytes) -> bytes:
    """What the server replies to these bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(path))
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has closed the connection early
        replied = b""
        try:
            while part := connection.recv(4096):
                replied += part
        except ConnectionResetError:
            pass
        return replied


def test_a_request_gets_the_boxs_reply(server: ControlServer, path: Path) -> None:
    assert ask(path, "status") == {"verb": "status"}


def test_the_socket_is_for_owner_and_group_alone(server: ControlServer, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_server_that_nobody_asks_wakes_less_than_once_a_second(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []
    real = select.select

    def recorded(readable: Any, writable: Any, odd: Any, seconds: float | None = None) -> Any:
        if threading.current_thread().name == Part.CONTROL:
            waits.append(seconds)
        return real(readable, writable, odd, seconds)

    monkeypatch.setattr(select, "select", recorded)
    server = ControlServer(path, reply_to)
    eventually(lambda: waits)
    server.close()
    assert all(seconds is None or seconds > 1 for seconds in waits)


def test_only_root_and_the_boxs_own_user_may_say_yes_in_place_of_the_button(
    server: ControlServer, path: Path
) -> None:
    assert ask(path, "pair") == {"verb": "pair"}
    page = list(server.replies_to(b"pair", lambda: True, user=os.geteuid() + 1))
    assert page == [{"error": "only root may say pair: use sudo"}]
    assert list(server.replies_to(b"status", lambda: True, user=os.geteuid() + 1)) == [{"verb": "status"}]


def test_an_unknown_verb_gets_an_error(server: ControlServer, path: Path) -> None:
    with pytest.raises(ServiceError, match=r"expected one of .*press, .*skip, .*status"):
        ask(path, "open the pod bay doors")


almost_requests = st.builds(
    bytes.join,
    st.sampled_from([b"", b" ", b"\n", b"\0"]),
    st.lists(
        st.sampled_from([b"status", b"press", b"\r", b"\xff", b"{", b"1", b"STATUS"]) | st.binary(max_size=3),
        max_size=4,
    ),
)


@pytest.mark.fuzz
@given(content=st.binary(max_size=2 * MAX_REQUEST_BYTES) | almost_requests)
def test_junk_gets_an_error_and_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    server = _shared(tmp_path_factory)
    replied = raw(server.path, content)
    if replied:
        assert "error" in json.loads(replied) or content.split(b"\n")[0].strip().decode() in NAMES
    # Repeated, because on a busy machine one request may time out.
    eventually(lambda: raw(server.path, b"status\n") == b'{"verb": "status"}\n')


_made: list[ControlServer] = []


def _shared(factory: pytest.TempPathFactory) -> ControlServer:
    if not _made:
        _made.append(ControlServer(factory.mktemp("junk") / "control.sock", reply_to))
    return _made[0]


def test_a_line_that_is_too_long_is_cut(server: ControlServer, path: Path) -> None:
    raw(path, b"status" * 100_000)  # the reply may be lost with the bytes that it did not read
    assert ask(path, "status") == {"verb": "status"}


def test_silent_clients_do_not_block_others(server: ControlServer, path: Path) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(MAX_CONNECTIONS - 1)]
    for connection in silent:
        connection.connect(str(path))
    assert ask(path, "status") == {"verb": "status"}
    for connection in silent:
        connection.close()


def test_a_client_that_sends_a_request_too_slowly_is_disconnected(server: ControlServer, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dripping:
        dripping.settimeout(20)
        dripping.connect(str(path))
        eventually(lambda: _is_cut_off(dripping))


def _is_cut_off(dripping: socket.socket) -> bool:
    try:
        dripping.sendall(b"s")
    except OSError:
        return True
    time.sleep(0.1)
    return False


def test_a_box_that_does_not_reply_is_an_error(path: Path) -> None:
    server = ControlServer(path, lambda request: None)
    with pytest.raises(ServiceError, match="the box does not answer"):
        ask(path, "status")
    server.close()


def test_a_server_that_nobody_asks_sleeps_and_still_ends_at_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait until the next check of its path, which is in an hour here."""
    monkeypatch.setattr("device.control.server.PATH_CHECK_S", 3600)
    server = ControlServer(path, reply_to)
    assert ask(path, "status") == {"verb": "status"}
    server.close()
    assert not path.exists()


def test_a_socket_that_is_removed_is_replaced_at_the_same_path(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.control.server.PATH_CHECK_S", 0.05)
    events: SimpleQueue[Any] = SimpleQueue()
    server = ControlServer(
        path, lambda event: reply_to(event) if isinstance(event, Request) else events.put(event)
    )
    path.unlink()
    eventually(lambda: _answers(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    failed = events.get(timeout=60)
    assert (failed.part, failed.failures) == ("control", 1)
    assert failed.problem.startswith(f"{path} was removed by another program")
    server.close()
    assert not path.exists()


def _answers(path: Path) -> bool:
    try:
        return ask(path, "status") == {"verb": "status"}
    except ServiceError:
        return False


def test_a_socket_that_another_box_has_replaced_is_not_removed(path: Path) -> None:
    server = ControlServer(path, lambda event: None)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        server.close()
        assert path.exists()


def test_an_internal_error_costs_one_request(path: Path) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    errors = [True]

    def post(event: Any) -> None:
        if not isinstance(event, Request):
            events.put(event)
        elif errors:
            raise KeyError(errors.pop())
        else:
            reply_to(event)

    server = ControlServer(path, post)
    with pytest.raises(ServiceError):
        ask(path, "status")
    assert ask(path, "status") == {"verb": "status"}
    server.close()
    assert [(type(event), event.part) for event in (events.get(), events.get())] == [
        (PartFailed, "questions"),
        (PartRecovered, "questions"),
    ]


def test_a_box_that_ends_refuses_requests_at_once(path: Path) -> None:
    server = ControlServer(path, lambda request: None)
    server.refuse_requests()
    with pytest.raises(ServiceError, match="the box is ending"):
        ask(path, "press")
    server.close()


def test_a_second_server_is_refused_and_the_first_runs_on(server: ControlServer, path: Path) -> None:
    with pytest.raises(ServiceError, match="a box runs already"):
        ControlServer(path, reply_to)
    assert ask(path, "status") == {"verb": "status"}


def test_the_socket_of_a_killed_box_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    server = ControlServer(path, reply_to)
    assert ask(path, "press") == {"verb": "press"}
    server.close()


def test_closing_removes_the_socket(server: ControlServer, path: Path) -> None:
    server.close()
    assert not path.exists()
    with pytest.raises(ServiceError, match=r"no box runs here .*start one with"):
        ask(path, "status")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="cannot listen there"):
        ControlServer(tmp_path / "file" / "control.sock", reply_to)


def test_each_of_many_clients_at_once_gets_a_reply_or_an_error(server: ControlServer, path: Path) -> None:
    answers: list[object] = []

    def one() -> None:
        try:
            answers.append(ask(path, "status"))
        except ServiceError as error:
            answers.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 30
    assert {"verb": "status"} in answers
    assert ask(path, "status") == {"verb": "status"}
