"""Too many, too slow, too much: each is refused, and the page still answers those that are left."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from http import HTTPStatus

import pytest

from tests.waiting import eventually
from tests.window.serving import Client, Serving
from window.application import MAX_STATUS_STREAMS
from window.server import connection
from window.server.connection import MAX_OF_ONE_ADDRESS


def connect(window: Serving) -> socket.socket:
    """Open a connection, and send nothing yet."""
    return socket.create_connection(("127.0.0.1", window.port), timeout=30)


def is_closed(opened: socket.socket) -> bool:
    """Wait for what comes, and tell whether the other side has closed the connection without an answer."""
    try:
        return opened.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def browser(alone: Serving) -> Client:
    """A browser that was paired while the window still had patience."""
    return alone.paired()


@pytest.fixture
def impatient(alone: Serving, browser: Client, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """A window that waits only for a moment."""
    monkeypatch.setattr(connection, "REQUEST_S", 0.3)
    monkeypatch.setattr(connection, "READ_S", 0.3)
    return alone


def test_a_thousand_connections_of_one_address_leave_room_for_others(alone: Serving) -> None:
    browser = alone.paired()
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(alone)) for _ in range(1000)]
        assert all(is_closed(each) for each in opened[MAX_OF_ONE_ADDRESS:])
    eventually(browser.is_served, pause=0.2)


def test_of_many_event_streams_only_some_are_opened(alone: Serving) -> None:
    browser = alone.paired()
    with ExitStack() as stack:
        for _ in range(MAX_STATUS_STREAMS):
            events = browser.lines("/events")
            stack.callback(events.close)
            next(events)
        refused = browser.get("/events")
        assert refused.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert refused.json() == {"error": "Too many pages are open at once: close some."}
    eventually(lambda: _opens_a_stream(alone))


def _opens_a_stream(window: Serving) -> bool:
    try:
        events = window.paired().lines("/events")
        next(events)
        events.close()
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_request_that_does_not_come_in_whole_ends_the_connection(impatient: Serving, start: bytes) -> None:
    with connect(impatient) as opened:
        opened.sendall(start)
        assert is_closed(opened)


def test_who_does_not_read_is_left_behind(impatient: Serving, browser: Client) -> None:
    request = f"GET /static/style.css HTTP/1.1\r\nHost: localhost\r\nCookie: moodbox={browser.cookie}\r\n\r\n"
    with connect(impatient) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.settimeout(0.5)
        try:
            for _ in range(5000):  # of 15 kB each, none of which is read
                opened.sendall(request.encode())
        except (TimeoutError, ConnectionError):
            pass
        eventually(lambda: not _is_served(impatient))
    eventually(browser.is_served, pause=0.2)


def _is_served(window: Serving) -> bool:
    return bool(window.server.server_state.connections)


@pytest.mark.parametrize("headers", [b"X: " + b"a" * 70_000, b"X: y\r\n" * 20_000])
def test_headers_that_do_not_end_are_refused(alone: Serving, headers: bytes) -> None:
    with connect(alone) as opened:
        try:
            opened.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + headers)
            answer = opened.recv(4096)
        except ConnectionError:
            answer = b""
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))


@pytest.mark.parametrize(
    "request_line",
    [b"GET /static/../main.py HTTP/1.1", b"GET //etc/passwd HTTP/1.1", b"GET /static/..%2fmain.py HTTP/1.1",
     b"GET http://evil.example/ HTTP/1.1", b"CONNECT evil.example:80 HTTP/1.1", b"GET /%00 HTTP/1.1",
     b"GET /static/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1", b"PRI * HTTP/2.0",
     b"GET /?\x80 HTTP/1.1", b"GET /\x80 HTTP/1.1", b"GET /aim/?%80 HTTP/1.1"],
)  # fmt: skip
def test_no_path_leads_out_of_the_tables(alone: Serving, request_line: bytes) -> None:
    cookie = alone.paired().cookie.encode()
    with connect(alone) as opened:
        opened.sendall(
            request_line
            + b"\r\nHost: localhost\r\nConnection: close\r\nCookie: moodbox="
            + cookie
            + b"\r\n\r\n"
        )
        status = int(opened.recv(4096).split()[1])
        assert 400 <= status < 500


JUNK = (
    b"\x00\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
)


@pytest.mark.parametrize("sent", JUNK)
def test_what_is_no_request_fills_no_journal(
    alone: Serving, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with connect(alone) as opened:
        opened.sendall(sent)
        assert opened.recv(12) in (b"HTTP/1.1 400", b"HTTP/1.1 403")
    assert caplog.records == []
