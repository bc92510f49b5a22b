"""The streams of what the box tells."""

from __future__ import annotations

import http.client
import logging
import socket
from contextlib import suppress
from http import HTTPStatus

import pytest

from tests.window.serving import Serving


def test_who_asks_for_the_headers_alone_opens_no_stream(alone: Serving) -> None:
    browser = alone.paired()
    connection = http.client.HTTPConnection("127.0.0.1", alone.port, timeout=30)
    headers = {"Host": browser.host, "Cookie": f"moodbox={browser.cookie}"}
    connection.request("HEAD", "/events", headers=headers)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (
        HTTPStatus.OK,
        "text/event-stream; charset=utf-8",
    )
    answer.read()
    connection.request("GET", "/health", headers=headers)  # a stream would go on for ever on this connection
    assert connection.getresponse().status == HTTPStatus.OK
    connection.close()


@pytest.mark.parametrize(
    "header", ["Content-Length: 20000", "Content-Length: 1", "Transfer-Encoding: chunked"]
)
def test_a_stream_that_is_asked_for_with_a_body_is_refused(
    alone: Serving, header: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It would have begun before it could be refused."""
    headers = f"Host: localhost\r\nCookie: moodbox={alone.paired().cookie}\r\n{header}\r\n"
    with socket.create_connection(("127.0.0.1", alone.port), 30) as opened:
        opened.sendall(f"GET /events HTTP/1.1\r\n{headers}\r\n".encode() + b"x" * 20_000)
        with suppress(ConnectionError):
            assert opened.recv(4096).startswith(b"HTTP/1.1 400")
    empty = alone.paired().request("HEAD", "/events", headers={"Content-Length": "0"})
    assert empty.status == HTTPStatus.OK
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
