"""Subscribers of the control socket: they get each change, and cost the box nothing."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path
from typing import Any

import pytest

from device.control.client import ask, subscribe
from device.control.command import QUESTIONS
from device.control.mailbox import MAX_WAITING, Mailbox
from device.control.protocol import Status, Subscribe
from device.control.server import MAX_CONNECTIONS, MAX_SUBSCRIBERS, ControlServer, Request
from device.errors import ServiceError
from tests.waiting import eventually


class PostedRequests(list[Request]):
    """Stands for the box: replies to each request, and keeps the subscriptions; but those that it misses."""

    misses = 0.0  # so many requests get no reply
    asked = 0

    def post(self, request: Any) -> None:
        if isinstance(request, Request) and self.misses:
            self.misses -= 1
        elif isinstance(request, Request):
            self.asked += 1
            request.reply.put({"number": 0})
            if isinstance(request.command, Subscribe):
                self.append(request)

    @property
    def open(self) -> list[Request]:
        return [request for request in self if not request.reply.closed]


@pytest.fixture
def posted() -> PostedRequests:
    return PostedRequests()


@pytest.fixture
def server(tmp_path: Path, posted: PostedRequests) -> Iterator[ControlServer]:
    server = ControlServer(tmp_path / "control.sock", posted.post)
    yield server
    server.refuse_requests()
    server.close()


@contextlib.contextmanager
def connected(server: ControlServer, line: bytes = b'{"do": "subscribe"}\n') -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(server.path))
        connection.sendall(line)
        yield connection


def test_a_subscriber_gets_a_line_at_once_and_one_for_each_change(
    server: ControlServer, posted: PostedRequests
) -> None:
    replies = subscribe(server.path)
    assert next(replies) == {"number": 0}
    for number in range(3):
        posted[0].reply.put({"number": number})
        assert next(replies) == {"number": number}
    replies.close()
    eventually(lambda: not posted.open)


def test_a_client_that_closes_only_its_sending_half_gets_changes(
    server: ControlServer, posted: PostedRequests
) -> None:
    with connected(server) as connection, connection.makefile() as lines:
        connection.shutdown(socket.SHUT_WR)
        assert json.loads(lines.readline()) == {"number": 0}
        posted[0].reply.put({"number": 1})
        assert json.loads(lines.readline()) == {"number": 1}


def test_a_subscriber_that_never_reads_is_dropped(server: ControlServer, posted: PostedRequests) -> None:
    with connected(server):
        eventually(lambda: posted)

        def dropped() -> bool:
            posted[0].reply.put({"text": "x" * 100_000})
            return posted[0].reply.closed

        eventually(dropped)
    assert ask(server.path, "status") == {"number": 0}


def test_of_what_a_slow_subscriber_has_not_taken_the_newest_is_kept() -> None:
    mailbox = Mailbox()
    for number in range(1000):
        mailbox.put({"number": number})
    taken = [mailbox.get(0) for _ in range(MAX_WAITING)]
    assert taken[-1] == {"number": 999}
    assert mailbox.get(0) is None


def test_one_subscriber_too_many_gets_an_error_and_requests_still_get_replies(
    server: ControlServer, posted: PostedRequests
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_SUBSCRIBERS):
            stack.enter_context(connected(server))
        eventually(lambda: len(posted) == MAX_SUBSCRIBERS)
        with pytest.raises(ServiceError, match=f"there are {MAX_SUBSCRIBERS} subscribers already"):
            next(subscribe(server.path))
        assert ask(server.path, "status") == {"number": 0}
    eventually(lambda: not posted.open)
    with contextlib.closing(subscribe(server.path)) as replies:
        assert next(replies) == {"number": 0}


def test_beside_the_page_home_assistant_and_the_rooms_there_are_places_for_subscribers_of_ones_own(
    server: ControlServer, posted: PostedRequests
) -> None:
    of_the_page, of_home, of_the_rooms = 2, 1, 1
    with contextlib.ExitStack() as stack:
        for _ in range(of_the_page + of_home + of_the_rooms):
            stack.enter_context(connected(server))
        eventually(lambda: len(posted) == of_the_page + of_home + of_the_rooms)
        with contextlib.closing(subscribe(server.path)) as replies:
            assert next(replies) == {"number": 0}


def test_a_hundred_subscribers_at_once_leave_the_server_well(
    server: ControlServer, posted: PostedRequests
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            with contextlib.suppress(OSError):  # the server closes the connections that are too many
                stack.enter_context(connected(server))
        assert len(posted) <= MAX_SUBSCRIBERS < MAX_CONNECTIONS
    eventually(lambda: not posted.open)

    def is_answered() -> bool:
        with contextlib.suppress(ServiceError):  # the queue of waiting connections may still be full
            return ask(server.path, "status") == {"number": 0}
        return False

    eventually(is_answered)


def test_a_subscriber_is_told_that_the_box_ends(server: ControlServer) -> None:
    replies = subscribe(server.path)
    next(replies)
    server.refuse_requests()
    with pytest.raises(ServiceError, match="the box is ending"):
        next(replies)


def test_a_subscriber_learns_that_the_box_hangs_and_waits_for_one_that_has_nothing_to_say(
    server: ControlServer, posted: PostedRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.control.client.SILENCE_S", 0.01)
    replies = subscribe(server.path)
    assert next(replies) == {"number": 0}

    def change_after_silence() -> None:
        eventually(lambda: posted.asked > 3)
        posted[0].reply.put({"number": 1})

    monkeypatch.setattr(Status, "reply_timeout_s", 0.01)
    with ThreadPoolExecutor() as threads:
        posted.misses = QUESTIONS - 1  # busy for some seconds
        threads.submit(change_after_silence)
        assert next(replies) == {"number": 1}
    posted.misses = inf
    with pytest.raises(ServiceError, match="the box does not answer"):
        next(replies)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"do": "sta', "no whole line within 2 s"),
        (b'{"do": "status", ' + b" " * 5000, "the line is longer than 4096 bytes"),
    ],
)
def test_a_client_without_a_whole_line_gets_an_error(server: ControlServer, line: bytes, error: str) -> None:
    with connected(server, line) as connection, connection.makefile() as lines:
        assert json.loads(lines.readline()) == {"error": error}
