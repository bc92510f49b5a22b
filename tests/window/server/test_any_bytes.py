"""Whatever bytes come over a connection, and whenever it ends: no traceback, and the page serves on."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.device.fuzzing import FUZZING
from tests.waiting import eventually
from tests.window.serving import Client, Serving, serving
from window.access import guard
from window.application import MAX_STATUS_STREAMS
from window.box import broadcast
from window.pages.streams import MEDIA_TYPE

OWN = b"Host: localhost\r\nOrigin: http://localhost\r\nCookie: moodbox=%COOKIE%\r\nX-Form-Token: %TOKEN%\r\n"
PIECES = (
    b"GET / HTTP/1.1\r\n",
    b"GET /events HTTP/1.1\r\n",
    b"HEAD /frames HTTP/1.0\r\n",
    b"POST /do HTTP/1.1\r\nContent-Type: application/json\r\n",
    b"PUT /upload/x.ogg HTTP/1.1\r\n",
    OWN,
    b"Host: localhost\r\n",
    b"Connection: close\r\n",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 100000\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\r\n",
    b"{}",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"zz\r\n",
    b"\x00\xff",
)
HEADS = [
    start + OWN + length + b"\r\n"
    for start in PIECES[:5]
    for length in (b"", b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n")
]
parts = st.lists(
    st.one_of(st.sampled_from(HEADS), st.sampled_from(PIECES), st.binary(max_size=30)), min_size=1, max_size=6
)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """A window whose box does not run, and which does not count how often it is asked."""
    monkeypatch.setattr(guard, "BURST", 1 << 30)
    with serving(tmp_path / "no-box.sock", tmp_path / "window", uploads=tmp_path) as window:
        yield window


def send(window: Serving, browser: Client, sent: list[bytes]) -> None:
    """Send these parts one after the other, and read until the other side has ended, too.

    A stream goes on as long as somebody reads it: uvicorn reads nothing behind a second request, not even the
    end, until the stream before it is over. So here the browser goes away as soon as one begins.
    """
    with (
        socket.create_connection(("127.0.0.1", window.port), timeout=60) as opened,
        suppress(ConnectionError),
    ):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in sent:
            known = part.replace(b"%COOKIE%", browser.cookie.encode())
            opened.sendall(known.replace(b"%TOKEN%", browser.token.encode()))
        with suppress(OSError):  # the other side has ended already
            opened.shutdown(socket.SHUT_WR)
        received = b""
        while MEDIA_TYPE.encode() not in received and (more := opened.recv(65536)):
            received += more


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the page has complained of, but for what is said of requests that are none."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.fuzz
def test_any_bytes_are_answered_without_a_fault(alone: Serving, caplog: pytest.LogCaptureFixture) -> None:
    browser = alone.paired()

    @settings(max_examples=10_000 if FUZZING else 100, suppress_health_check=list(HealthCheck))
    @given(parts)
    def each(sent: list[bytes]) -> None:
        caplog.clear()
        send(alone, browser, sent)
        assert faults(caplog) == [], caplog.text

    each()
    assert browser.is_served()


@pytest.mark.parametrize("head", [OWN, b"Host: localhost\r\nOrigin: http://localhost\r\n"])
@pytest.mark.parametrize("wait", [False, True])
def test_a_body_that_is_not_http_ends_the_connection_without_a_fault(
    alone: Serving, caplog: pytest.LogCaptureFixture, head: bytes, wait: bool
) -> None:
    browser = alone.paired()
    start = b"POST /do HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n" + head
    whole = [start + b"\r\nzz\r\n"]
    send(alone, browser, [start + b"\r\n", b"zz\r\n"] if wait else whole)
    assert faults(caplog) == []


def test_a_stream_with_another_request_behind_it_ends_when_the_browser_goes_away(
    alone: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "KEEP_ALIVE_S", 0.05)
    browser = alone.paired()
    stream = next(head for head in HEADS if b"GET /events" in head)
    for _ in range(2 * MAX_STATUS_STREAMS):
        send(alone, browser, [stream, stream])
    eventually(lambda: browser.request("HEAD", "/events").status == HTTPStatus.OK)


def test_a_browser_that_goes_away_before_it_has_said_all_is_no_fault(
    alone: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    browser = alone.paired()
    send(alone, browser, [HEADS[10] + b"{"])
    assert browser.is_served()
    assert faults(caplog) == []
