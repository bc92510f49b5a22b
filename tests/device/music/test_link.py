"""What is read from a connection to MPD, whatever comes over it: at most so much, and for at most so long."""

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

from device.errors import ServiceError
from device.mood import Mood
from device.music import answers
from device.music.link import FAILURES, Client, connected, explain, shown
from device.music.mirror import first_look
from device.music.playlists import songs_of
from device.music.stickers import count, likes
from device.music.wire import LARGEST_ANSWER, LONGEST_LINE, AnswerError, Wire
from device.settings import Music
from tests.device.music.lying import ROWS, STATS, STATUS

HELLO = b"OK MPD 0.23.5\n"
MUSIC = Music(address="/nowhere", timeout=0.5)


class Pair:
    """A wire, and the other end of it."""

    def __init__(self) -> None:
        here, self.other = socket.socketpair()
        self.wire = Wire(here, 0.5)

    def close(self) -> None:
        self.wire.socket.close()
        self.other.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(Pair()) as made:
        yield made


def for_ever(do: Callable[[], object]) -> None:
    while True:
        do()


def test_lines_come_as_they_were_sent_however_they_are_cut(pair: Pair) -> None:
    for chunk in (b"a: ", b"b\nc: d\ne", b": f\n", b"\n"):
        pair.other.sendall(chunk)
    assert [pair.wire.line() for _ in range(4)] == [b"a: b", b"c: d", b"e: f", b""]


@pytest.mark.parametrize("size", [LONGEST_LINE - 1, LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE])
def test_of_a_line_that_is_too_long_the_beginning_is_kept_and_the_next_is_whole(
    pair: Pair, size: int
) -> None:
    sender = threading.Thread(target=pair.other.sendall, args=(b"x" * size + b"\nnext\n",))
    sender.start()
    assert pair.wire.line() == b"x" * min(size, LONGEST_LINE)
    assert pair.wire.line() == b"next"
    sender.join()


def test_an_answer_has_one_deadline_however_often_a_byte_comes(pair: Pair) -> None:
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.05):
            pair.other.send(b"x")

    sender = threading.Thread(target=drip)
    sender.start()
    try:
        with pytest.raises(TimeoutError):
            pair.wire.line()
    finally:
        stop.set()
        sender.join()


def test_an_answer_may_let_itself_be_waited_for_and_then_has_a_deadline(pair: Pair) -> None:
    pair.wire.expect(0.2, sleeps=True)
    threading.Timer(0.6, pair.other.send, [b"changed: pl"]).start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        pair.wire.line()
    assert time.monotonic() - began >= 0.6


def test_an_answer_may_be_as_large_as_it_may_be_and_no_larger(pair: Pair) -> None:
    line = b"x" * 1023 + b"\n"

    def send(count: int) -> threading.Thread:
        sender = threading.Thread(target=pair.other.sendall, args=(line * count,), daemon=True)
        sender.start()
        return sender

    for _ in range(2):  # each answer anew
        pair.wire.expect(30)
        sender = send(LARGEST_ANSWER // len(line))
        for _ in range(LARGEST_ANSWER // len(line)):
            pair.wire.line()
        sender.join()
    pair.wire.expect(30)
    send(LARGEST_ANSWER // len(line) + 1)
    with pytest.raises(AnswerError, match="more than 9 MiB"):
        for_ever(pair.wire.line)


def test_a_word_that_nobody_asked_for_is_noticed_at_the_next_question(pair: Pair) -> None:
    pair.other.send(b"asked\nnot asked")
    assert pair.wire.line() == b"asked"
    with pytest.raises(AnswerError, match="without being asked"):
        pair.wire.expect(1)


def test_an_mpd_that_takes_nothing_has_a_deadline_too(pair: Pair) -> None:
    with pytest.raises(TimeoutError):
        for_ever(lambda: pair.wire.send("x" * 10_000))


QUESTIONS: dict[str, Callable[[Client], object]] = {
    "commands": answers.commands,
    "comments": lambda client: answers.comments(client, "a.ogg"),
    "configuration": answers.configuration,
    "count": lambda client: count(client, "a.ogg", heard=True, when=1),
    "find": lambda client: answers.find(client, "", 0, 9),
    "first look": first_look,
    "idle": lambda client: client.idle(),
    "likes": likes,
    "pause": lambda client: client.pause(1),
    "queued": lambda client: answers.queued(client, 0, 9),
    "songs of": lambda client: songs_of(client, Mood.SAD),
    "stats": answers.stats,
    "status": answers.status,
    "tag types": answers.tag_types,
}

WORDS = (
    *(b"file", b"Id", b"Pos", b"cpos", b"state", b"playlist", b"playlistlength", b"songid", b"uptime"),
    *(b"changed", b"sticker", b"error", b"binary", b"tagtype", b"command", b"MOOD", b"music_directory"),
)
VALUES = (b"", b"1", b"-1", b"9" * 40, b"1e999", b"nan", b"like=2", b"sad", b"play", b"\xff\x00")
MOMENT = "list_OK\n".join([STATUS, "cpos: 0\nId: 1\ncpos: 1\nId: 2\n", "", ROWS[0], "", "OK\n"])
TRUTHS = [
    [line.encode() for line in truth.splitlines(keepends=True)]
    for truth in (MOMENT, *(f"{text}OK\n" for text in ("", STATUS, STATS, ROWS[0], "".join(ROWS))))
]
lines = st.one_of(
    st.builds(b"%b: %b\n".__mod__, st.tuples(st.sampled_from(WORDS), st.sampled_from(VALUES))),
    st.builds(b"%b: %b\n".__mod__, st.tuples(st.sampled_from(WORDS), st.binary(max_size=9))),
    st.sampled_from([b"OK\n", b"list_OK\n", b"ACK [5@0] {x} no\n", b"ACK [99@9] {} x\n", b"ACK \n"]),
    st.binary(max_size=60),
)


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """What a real MPD might say, with some lines changed, left out, or put in."""
    said = list(draw(st.sampled_from(TRUTHS)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(said)))
        said[place : place + draw(st.integers(0, 2))] = draw(st.lists(lines, max_size=2))
    return b"".join(said)


class Fed(Wire):
    """The next answer is there as soon as a question is sent, or a list of them."""

    def __init__(self, pair: Pair, said: list[bytes]) -> None:
        super().__init__(pair.wire.socket, 5)
        self._other = pair.other
        self._said = said
        self._in_list = False

    def send(self, line: str) -> None:
        super().send(line)
        self._in_list = line.startswith("command_list_ok_begin") or (
            self._in_list and line != "command_list_end"
        )
        if self._said and not self._in_list:
            self._other.sendall(self._said.pop(0))

    def _receive(self) -> None:
        """Where nothing more is to come, the connection ends: nobody has to wait."""
        if not select.select([self.socket], [], [], 0)[0]:
            self._other.shutdown(socket.SHUT_WR)
        super()._receive()


@pytest.mark.fuzz
@given(
    question=st.sampled_from(sorted(QUESTIONS)),
    said=st.lists(bent() | st.lists(lines, max_size=8).map(b"".join), max_size=4),
)
def test_whatever_mpd_says_a_question_has_an_answer_or_one_of_the_known_failures(
    question: str, said: list[bytes]
) -> None:
    with closing(Pair()) as pair:
        pair.other.sendall(HELLO)
        client = Client(MUSIC)
        client.talk(Fed(pair, list(said)))
        try:
            QUESTIONS[question](client)
        except FAILURES as error:
            word = explain(error, MUSIC)
            assert word.startswith("MPD at /nowhere")
            assert word.isprintable()


@pytest.mark.fuzz
@given(st.binary(max_size=40) | lines)
def test_whatever_greets_is_mpd_or_one_of_the_known_failures(said: bytes) -> None:
    with closing(Pair()) as pair:
        pair.other.sendall(said)
        pair.other.shutdown(socket.SHUT_WR)
        with contextlib.suppress(*FAILURES):
            Client(MUSIC).talk(pair.wire)
            assert said.startswith(b"OK MPD ")


def test_a_mistake_of_ours_is_not_called_mpds() -> None:
    for mistake in (ValueError("x"), KeyError("x"), mpd.CommandListError("x"), TypeError("x")):
        assert not isinstance(mistake, FAILURES)


def test_what_is_wrong_elsewhere_while_mpd_is_asked_is_not_called_mpds(library: Any) -> None:
    with pytest.raises(ServiceError), connected(library.link):
        raise ServiceError("the box does not answer")


def test_what_mpd_says_is_shown_short_and_harmless() -> None:
    assert shown("\x1b[2Jred") == "\ufffd[2Jred"
    assert len(shown("x" * 10_000)) < 400
