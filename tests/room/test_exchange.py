"""What goes over the network between two rooms, and what is refused."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.control.room_commands import RoomLook
from device.control.server import ControlServer, Request
from device.mood import Mood
from room import listener as listening_end
from room.carrier import Address, PressRequest, exchange
from room.lines import EXCHANGE_S, MAX_LINE_BYTES, LineError, Said, decoded
from room.listener import BURST, MAX_CONNECTIONS, WRONG_KEY
from room.proof import Exchange, RoomError, Sender, new_challenge
from tests.room.ends import KEY, listening
from tests.waiting import eventually


def look() -> str:
    """What a press of this moment asks for: an old one is refused."""
    return PressRequest({"sad": 0.7, "happy": 0.3}, steer=False).body()


class Box:
    """A control socket that does what it is asked; no box is needed to see what arrives."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self.asked: list[Any] = []
        self.reply: dict[str, Any] = {"ok": True}
        self.server = ControlServer(self.path, self._take)

    def _take(self, request: Any) -> None:
        if isinstance(request, Request):
            self.asked.append(request.command)
            request.reply.put(self.reply)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.server.close()


@pytest.fixture
def address(box: Box) -> Iterator[Address]:
    with listening(box.path) as found:
        yield found


def raw(address: Address, *lines: bytes | Callable[[dict[str, Any]], bytes]) -> list[dict[str, Any]]:
    """Send lines, each after the reply to the one before, from which it may be made; return the replies."""
    replies: list[dict[str, Any]] = []
    with (
        contextlib.suppress(OSError),
        socket.create_connection(address, timeout=20) as connection,
        connection.makefile("rb") as reader,
    ):
        for line in lines:
            connection.sendall(line if isinstance(line, bytes) else line(replies[-1]))
            if not (reply := reader.readline()):
                break
            replies.append(json.loads(reply))
    return replies


def hello(challenge: str) -> bytes:
    return json.dumps({"moodbox": 1, "challenge": challenge}).encode() + b"\n"


def said(body: str, proof: str) -> bytes:
    return json.dumps({"body": body, "proof": proof}).encode() + b"\n"


def test_the_box_is_asked_for_what_the_press_has_found(box: Box, address: Address) -> None:
    exchange(address, KEY, look())
    (command,) = box.asked
    assert isinstance(command, RoomLook)
    assert (command.probabilities, command.steer) == ({Mood.SAD: 0.7, Mood.HAPPY: 0.3}, False)
    assert 0 < command.age < 60


def test_nothing_is_asked_to_see_whether_the_key_is_right(
    box: Box, address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    exchange(address, KEY, "")
    with pytest.raises(RoomError, match="it has another key than this box: copy "):
        exchange(address, b"x" * 64, "")
    eventually(lambda: "its key is another: copy /etc/moodbox/room.key from this one" in caplog.text)
    assert box.asked == []


def test_a_wrong_proof_is_refused_in_one_line_and_logged_once(
    box: Box, address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    challenge = new_challenge()
    for _ in range(3):
        _, refusal = raw(address, hello(challenge), said(look(), "0" * 64))
        assert refusal["error"] == WRONG_KEY
    assert box.asked == []
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == [f"127.0.0.1: {WRONG_KEY}"]


def test_what_somebody_has_recorded_is_of_no_use_again(box: Box, address: Address) -> None:
    challenge, body, sent = new_challenge(), look(), []

    def proven(welcome: dict[str, Any]) -> bytes:
        sent.append(said(body, Exchange(KEY, challenge, welcome["challenge"]).proof(Sender.CLIENT, body)))
        return sent[0]

    assert raw(address, hello(challenge), proven)[1]["body"] == '{"ok":true}'
    assert raw(address, hello(challenge), sent[0])[1]["error"] == WRONG_KEY
    assert len(box.asked) == 1


def test_a_proof_is_none_of_another_sender_or_another_text() -> None:
    talk = Exchange(KEY, new_challenge(), new_challenge())
    proof = talk.proof(Sender.CLIENT, "a")
    assert talk.accepts(proof, Sender.CLIENT, "a")
    assert not talk.accepts(proof, Sender.CLIENT, "b")
    assert not talk.accepts(proof, Sender.SERVER, "a")
    assert not talk.accepts("é", Sender.CLIENT, "a")


def test_nothing_is_said_to_a_box_that_does_not_prove_that_it_has_the_key() -> None:
    heard: list[bytes] = []

    def pretend(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as reader:
            heard.append(reader.readline())
            connection.sendall(json.dumps({"challenge": new_challenge(), "proof": "0" * 64}).encode() + b"\n")
            heard.append(reader.readline())

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=pretend, args=(server,))
        thread.start()
        with pytest.raises(RoomError, match="another key"):
            exchange(Address(*server.getsockname()), KEY, look())
        thread.join()
    assert heard[1] == b""
    assert b"sad" not in heard[0]


@pytest.mark.parametrize(
    "body",
    ["{}", "[]", '{"do": "press"}', '{"do": "restart"}', '{"do": "room-look", "probabilities": {"sad": 2}}'],
)
def test_even_with_the_key_nothing_but_a_look_can_be_asked(box: Box, address: Address, body: str) -> None:
    with pytest.raises(RoomError, match="has not answered"):
        exchange(address, KEY, body)
    assert box.asked == []


def test_what_the_box_refuses_is_said_to_the_other(box: Box, address: Address) -> None:
    box.reply = {"error": "the machine is switching itself off"}
    with pytest.raises(RoomError, match=r"127\.0\.0\.1: the machine is switching itself off"):
        exchange(address, KEY, look())


def test_a_box_that_does_not_run_is_said_as_well(tmp_path: Path) -> None:
    with listening(tmp_path / "none.sock") as address, pytest.raises(RoomError, match="no box runs here"):
        exchange(address, KEY, look())


def test_another_version_is_named(address: Address) -> None:
    (refusal,) = raw(address, b'{"moodbox": 2, "challenge": ""}\n')
    assert "different versions" in refusal["error"]


NO_EXCHANGE = [b"\n", b"GET / HTTP/1.1\r\n", b"[" * 3000, b"x" * (2 * MAX_LINE_BYTES), b"\xff\n"]


@pytest.mark.parametrize("content", NO_EXCHANGE)
def test_what_is_no_exchange_ends_and_others_are_served(box: Box, address: Address, content: bytes) -> None:
    assert raw(address, content) == []
    exchange(address, KEY, look())
    assert len(box.asked) == 1


def test_silent_connections_cost_their_places_for_seconds_alone(
    box: Box, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EXCHANGE_S <= 10
    monkeypatch.setattr("room.lines.EXCHANGE_S", 0.3)
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(socket.create_connection(address, timeout=20))

        def is_served() -> bool:
            with contextlib.suppress(LineError, OSError):
                exchange(address, KEY, "")
                return True
            return False

        eventually(is_served, pause=0.2)


def test_one_machine_that_says_nothing_does_not_keep_another_out(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("room.lines.EXCHANGE_S", 60.0)
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(socket.create_connection(address, timeout=20))
        other = stack.enter_context(
            socket.create_connection(address, timeout=20, source_address=("127.0.0.2", 0))
        )
        other.sendall(hello(new_challenge()))
        assert "challenge" in json.loads(other.makefile("rb").readline())


def test_an_address_that_asks_too_often_is_refused(
    address: Address, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening_end, "PER_S", 0.0)
    for places in ("MAX_CONNECTIONS", "MAX_OF_ONE_ADDRESS"):  # or one whose end is not seen yet is in the way
        monkeypatch.setattr(listening_end, places, BURST)
    refused = 0
    with listening(Path("/nowhere")) as limited:
        for _ in range(BURST + 5):
            try:
                exchange(limited, KEY, "")
            except (LineError, OSError):
                refused += 1
    assert refused == 5
    assert "127.0.0.1: it asks too often" in caplog.text


def test_no_place_is_lost_when_no_thread_can_be_started(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(MAX_CONNECTIONS):
            assert raw(address, hello(new_challenge())) == []
    exchange(address, KEY, "")


def test_with_too_many_open_files_it_waits_and_serves_again_once_it_can(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, pauses = socket.socket.accept, []

    def refuse(_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        monkeypatch.setattr(socket.socket, "accept", accept)

    monkeypatch.setattr(listening_end, "sleep", pause)
    monkeypatch.setattr(socket.socket, "accept", refuse)
    exchange(address, KEY, "")
    assert pauses == [listening_end.ACCEPT_PAUSE_S]


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(LineError):
        decoded(b'{"body": "\xff"}', Said)


@given(st.binary(max_size=200))
@settings(max_examples=20)
def test_a_line_of_any_bytes_is_refused(content: bytes) -> None:
    one, other = socket.socketpair()
    with one, other:
        other.sendall(content + b"\n")
        from room.lines import Lines, Said

        with contextlib.suppress(LineError):
            assert isinstance(Lines(one).read(Said), Said)


def test_a_newer_press_takes_the_place_of_one_that_was_not_carried() -> None:
    first, second = PressRequest({"sad": 1.0}, steer=False), PressRequest({"happy": 1.0}, steer=True)
    assert second.after(None).steer
    assert not second.after(first).steer  # the other song that the first would have begun
    assert second.after(first).probabilities == {"happy": 1.0}
