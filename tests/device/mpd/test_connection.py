"""The limits on the size and the time of a response, and the errors for a response that is wrong."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import mpd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config.settings import Music
from device.errors import ServiceError
from device.mood import Mood
from device.mpd import responses
from device.mpd.connection import MPD_ERRORS, Client, connected, explain, mpc, printable
from device.mpd.playlists import mood_playlist
from device.mpd.queue_mirror import read_initial_state
from device.mpd.stickers import likes, record_play
from device.mpd.transport import MAX_LINE, MAX_RESPONSE, ResponseError, Transport
from tests.device.mpd.faulty_mpd import ROWS, STATS, STATUS

HELLO = b"OK MPD 0.23.5\n"
MUSIC = Music(address="/nowhere", timeout=0.5)


class LocalConnection:
    """A transport and the server's end of its connection."""

    def __init__(self) -> None:
        client_end, self.server_end = socket.socketpair()
        self.transport = Transport(client_end, 0.5)

    def close(self) -> None:
        self.transport.socket.close()
        self.server_end.close()


@pytest.fixture
def connection() -> Iterator[LocalConnection]:
    with closing(LocalConnection()) as connection:
        yield connection


def repeat_until_error(call: Callable[[], object]) -> None:
    while True:
        call()


@pytest.mark.parametrize(
    ("address", "command"),
    [
        (Music().address, "mpc update"),  # where mpc looks by itself
        ("/run/a b/socket", "mpc --host='/run/a b/socket' update"),
        ("kitchen.local:6601", "mpc --host=kitchen.local --port=6601 update"),
        ("[::1]:6600", "mpc --host=::1 --port=6600 update"),
    ],
)
def test_a_command_of_mpc_asks_the_boxs_own_mpd(address: str, command: str) -> None:
    assert mpc(Music(address=address), "update") == command


def test_lines_are_the_same_when_they_arrive_in_pieces(connection: LocalConnection) -> None:
    for chunk in (b"a: ", b"b\nc: d\ne", b": f\n", b"\n"):
        connection.server_end.sendall(chunk)
    assert [connection.transport.read_line() for _ in range(4)] == [b"a: b", b"c: d", b"e: f", b""]


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE])
def test_a_line_that_is_too_long_is_cut_and_the_next_line_is_complete(
    connection: LocalConnection, size: int
) -> None:
    sender = threading.Thread(target=connection.server_end.sendall, args=(b"x" * size + b"\nnext\n",))
    sender.start()
    assert connection.transport.read_line() == b"x" * min(size, MAX_LINE)
    assert connection.transport.read_line() == b"next"
    sender.join()


def test_a_response_that_arrives_byte_by_byte_times_out(connection: LocalConnection) -> None:
    stop = threading.Event()

    def send_slowly() -> None:
        while not stop.wait(0.05):
            connection.server_end.send(b"x")

    sender = threading.Thread(target=send_slowly)
    sender.start()
    try:
        with pytest.raises(TimeoutError):
            connection.transport.read_line()
    finally:
        stop.set()
        sender.join()


def test_an_idle_response_times_out_only_after_its_first_byte(connection: LocalConnection) -> None:
    connection.transport.begin_response(0.2, idle=True)
    threading.Timer(0.6, connection.server_end.send, [b"changed: pl"]).start()
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        connection.transport.read_line()
    assert time.monotonic() - start >= 0.6


def test_a_response_at_the_limit_is_accepted_and_a_larger_one_is_refused(connection: LocalConnection) -> None:
    line = b"x" * 1023 + b"\n"

    def send(count: int) -> threading.Thread:
        sender = threading.Thread(target=connection.server_end.sendall, args=(line * count,), daemon=True)
        sender.start()
        return sender

    for _ in range(2):  # the limit holds for each response
        connection.transport.begin_response(30)
        sender = send(MAX_RESPONSE // len(line))
        for _ in range(MAX_RESPONSE // len(line)):
            connection.transport.read_line()
        sender.join()
    connection.transport.begin_response(30)
    send(MAX_RESPONSE // len(line) + 1)
    with pytest.raises(ResponseError, match="more than 9 MiB"):
        repeat_until_error(connection.transport.read_line)


def test_data_without_a_request_is_refused_at_the_next_request(connection: LocalConnection) -> None:
    connection.server_end.send(b"requested\nnot requested")
    assert connection.transport.read_line() == b"requested"
    with pytest.raises(ResponseError, match="more than it was asked for"):
        connection.transport.begin_response(1)


def test_sending_to_an_mpd_that_reads_nothing_times_out(connection: LocalConnection) -> None:
    with pytest.raises(TimeoutError):
        repeat_until_error(lambda: connection.transport.send_line("x" * 10_000))


REQUESTS: dict[str, Callable[[Client], object]] = {
    "commands": responses.commands,
    "comments": lambda client: responses.comments(client, "a.ogg"),
    "configuration": responses.configuration,
    "count": lambda client: record_play(client, "a.ogg", completed=True, when=1),
    "find": lambda client: responses.find(client, "", 0, 9),
    "initial state": read_initial_state,
    "idle": lambda client: client.idle(),
    "likes": likes,
    "pause": lambda client: client.pause(1),
    "queued": lambda client: responses.queue_window(client, 0, 9),
    "mood playlist": lambda client: mood_playlist(client, Mood.SAD),
    "stats": responses.stats,
    "status": responses.status,
    "tag types": responses.tag_types,
}

FIELD_NAMES = (
    *(b"file", b"Id", b"Pos", b"cpos", b"state", b"playlist", b"playlistlength", b"songid", b"uptime"),
    *(b"changed", b"sticker", b"error", b"binary", b"tagtype", b"command", b"MOOD", b"music_directory"),
)
FIELD_VALUES = (b"", b"1", b"-1", b"9" * 40, b"1e999", b"nan", b"like=2", b"sad", b"play", b"\xff\x00")
SNAPSHOT = "list_OK\n".join([STATUS, "cpos: 0\nId: 1\ncpos: 1\nId: 2\n", "", ROWS[0], "", "OK\n"])
VALID_RESPONSES = [
    [line.encode() for line in response.splitlines(keepends=True)]
    for response in (SNAPSHOT, *(f"{text}OK\n" for text in ("", STATUS, STATS, ROWS[0], "".join(ROWS))))
]
lines = st.one_of(
    st.builds(b"%b: %b\n".__mod__, st.tuples(st.sampled_from(FIELD_NAMES), st.sampled_from(FIELD_VALUES))),
    st.builds(b"%b: %b\n".__mod__, st.tuples(st.sampled_from(FIELD_NAMES), st.binary(max_size=9))),
    st.sampled_from([b"OK\n", b"list_OK\n", b"ACK [5@0] {x} no\n", b"ACK [99@9] {} x\n", b"ACK \n"]),
    st.binary(max_size=60),
)


@st.composite
def altered_responses(draw: st.DrawFn) -> bytes:
    """Draw a valid response with some lines changed, removed or inserted."""
    response_lines = list(draw(st.sampled_from(VALID_RESPONSES)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(response_lines)))
        response_lines[start : start + draw(st.integers(0, 2))] = draw(st.lists(lines, max_size=2))
    return b"".join(response_lines)


class ScriptedTransport(Transport):
    """A transport that receives the next given response after each request or command list."""

    def __init__(self, connection: LocalConnection, scripted_responses: list[bytes]) -> None:
        super().__init__(connection.transport.socket, 5)
        self._server_end = connection.server_end
        self._responses = scripted_responses
        self._in_list = False

    def send_line(self, line: str) -> None:
        super().send_line(line)
        self._in_list = line.startswith("command_list_ok_begin") or (
            self._in_list and line != "command_list_end"
        )
        if self._responses and not self._in_list:
            self._server_end.sendall(self._responses.pop(0))

    def _receive(self) -> None:
        """Close the connection when there is no more data, so that the test need not wait for a timeout."""
        if not select.select([self.socket], [], [], 0)[0]:
            self._server_end.shutdown(socket.SHUT_WR)
        super()._receive()


@pytest.mark.fuzz
@given(
    request_name=st.sampled_from(sorted(REQUESTS)),
    scripted_responses=st.lists(altered_responses() | st.lists(lines, max_size=8).map(b"".join), max_size=4),
)
def test_any_response_gives_a_result_or_a_known_error(
    request_name: str, scripted_responses: list[bytes]
) -> None:
    with closing(LocalConnection()) as connection:
        connection.server_end.sendall(HELLO)
        client = Client(MUSIC)
        client.use(ScriptedTransport(connection, list(scripted_responses)))
        try:
            REQUESTS[request_name](client)
        except MPD_ERRORS as error:
            message = explain(error, MUSIC)
            assert message.startswith("MPD at /nowhere")
            assert message.isprintable()


@pytest.mark.fuzz
@given(st.binary(max_size=40) | lines)
def test_any_greeting_is_from_mpd_or_gives_a_known_error(greeting: bytes) -> None:
    with closing(LocalConnection()) as connection:
        connection.server_end.sendall(greeting)
        connection.server_end.shutdown(socket.SHUT_WR)
        with contextlib.suppress(*MPD_ERRORS):
            Client(MUSIC).use(connection.transport)
            assert greeting.startswith(b"OK MPD ")


def test_a_programming_error_is_not_an_mpd_error() -> None:
    for error in (ValueError("x"), KeyError("x"), mpd.CommandListError("x"), TypeError("x")):
        assert not isinstance(error, MPD_ERRORS)


def test_an_error_of_another_service_is_not_reported_as_an_mpd_error(library: Any) -> None:
    with pytest.raises(ServiceError), connected(library.link):
        raise ServiceError("the box does not respond")


def test_text_from_mpd_is_shortened_and_control_characters_are_replaced() -> None:
    assert printable("\x1b[2Jred") == "\ufffd[2Jred"
    assert len(printable("x" * 10_000)) < 400


@pytest.mark.parametrize(
    ("answer", "password", "hint"),
    [
        ("[3@0] {password} incorrect password", "old", "music.password is not one of mpd.conf's: correct it"),
        ("[4@0] {status} you don't have permission", "", "set music.password"),
        ("[4@0] {status} you don't have permission", "guest", "music.password permits less: see mpd.conf"),
        ("[50@0] {addid} No such song", "guest", "No such song"),
    ],
)
def test_a_refusal_says_what_to_do_about_the_password(answer: str, password: str, hint: str) -> None:
    said = explain(mpd.CommandError(answer), Music(password=password))
    assert said.endswith(hint)
