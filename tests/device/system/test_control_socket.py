from __future__ import annotations

import json
import logging
import os
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

from device.errors import ServiceError
from device.supervision import PartFailed, PartWell
from device.system.control_socket import AT_ONCE, LONGEST_LINE, Control, Notifier, Question, ask
from tests.waiting import eventually


def answer(question: Question) -> None:
    question.answer.put({"verb": question.verb})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def control(path: Path) -> Iterator[Control]:
    made = Control(path, answer)
    yield made
    made.close()


def raw(path: Path, content: bytes) -> bytes:
    """What the socket answers to these very bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has heard enough, and said so
        answered = b""
        try:
            while part := connection.recv(4096):
                answered += part
        except ConnectionResetError:
            pass
        return answered


def test_a_question_is_answered_by_the_box(control: Control, path: Path) -> None:
    assert ask(path, "status") == {"verb": "status"}


def test_the_socket_is_for_owner_and_group_alone(control: Control, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_word_that_is_none_of_the_verbs_gets_an_error(control: Control, path: Path) -> None:
    with pytest.raises(ServiceError, match="expected one of press, skip, status"):
        ask(path, "open the pod bay doors")


words = st.builds(
    bytes.join,
    st.sampled_from([b"", b" ", b"\n", b"\0"]),
    st.lists(
        st.sampled_from([b"status", b"press", b"\r", b"\xff", b"{", b"1", b"STATUS"]) | st.binary(max_size=3),
        max_size=4,
    ),
)


@pytest.mark.fuzz
@given(content=st.binary(max_size=2 * LONGEST_LINE) | words)
def test_junk_gets_an_error_and_harms_nothing(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    control = _shared(tmp_path_factory)
    answered = raw(control.path, content)
    if answered:
        assert "error" in json.loads(answered) or content.strip() in (b"status", b"press", b"skip")
    # Again, where a machine is so busy that the box's patience was over.
    eventually(lambda: raw(control.path, b"status\n") == b'{"verb": "status"}\n')


_made: list[Control] = []


def _shared(factory: pytest.TempPathFactory) -> Control:
    if not _made:
        _made.append(Control(factory.mktemp("junk") / "control.sock", answer))
    return _made[0]


def test_a_line_without_end_is_cut_short(control: Control, path: Path) -> None:
    raw(path, b"status" * 100_000)  # what it answers may be lost with what it did not read
    assert ask(path, "status") == {"verb": "status"}


def test_who_says_nothing_keeps_nobody_out(control: Control, path: Path) -> None:
    silent = [socket.socket(socket.AF_UNIX) for _ in range(AT_ONCE - 1)]
    for connection in silent:
        connection.connect(str(path))
    assert ask(path, "status") == {"verb": "status"}
    for connection in silent:
        connection.close()


def test_who_drips_a_question_byte_by_byte_is_cut_off(control: Control, path: Path) -> None:
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


def test_another_programs_socket_is_told_from_a_boxs(tmp_path: Path) -> None:
    path = tmp_path / "other.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()

        def greet() -> None:
            with other.accept()[0] as visitor:
                visitor.sendall(b"OK MPD 0.23\n")
                visitor.recv(100)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(ServiceError, match="this is not moodbox's socket"):
            ask(path, "status")


def test_a_box_that_does_not_answer_is_said(path: Path) -> None:
    control = Control(path, lambda question: None)
    with pytest.raises(ServiceError, match="the box does not answer"):
        ask(path, "status")
    control.close()


def test_a_socket_that_somebody_removes_is_made_anew_at_the_same_path(path: Path) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    control = Control(path, lambda event: answer(event) if isinstance(event, Question) else events.put(event))
    path.unlink()
    eventually(lambda: _answers(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    failed = events.get(timeout=15)
    assert (failed.part, failed.failures) == ("control", 1)
    assert failed.sentence.startswith(f"{path} was removed by another program")
    control.close()
    assert not path.exists()


def _answers(path: Path) -> bool:
    try:
        return ask(path, "status") == {"verb": "status"}
    except ServiceError:
        return False


def test_a_socket_that_another_box_has_put_in_its_place_is_left_to_that_one(path: Path) -> None:
    control = Control(path, lambda event: None)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        control.close()
        assert path.exists()


def test_an_error_of_our_own_with_a_question_costs_that_question(path: Path) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    left = [True]

    def post(event: Any) -> None:
        if not isinstance(event, Question):
            events.put(event)
        elif left:
            raise KeyError(left.pop())
        else:
            answer(event)

    control = Control(path, post)
    with pytest.raises(ServiceError):
        ask(path, "status")
    assert ask(path, "status") == {"verb": "status"}
    control.close()
    assert [(type(event), event.part) for event in (events.get(), events.get())] == [
        (PartFailed, "questions"),
        (PartWell, "questions"),
    ]


def test_a_box_that_ends_refuses_questions_at_once(path: Path) -> None:
    control = Control(path, lambda question: None)
    control.refuse()
    with pytest.raises(ServiceError, match="the box is ending"):
        ask(path, "press")
    control.close()


def test_a_second_box_is_refused_and_the_first_goes_on(control: Control, path: Path) -> None:
    with pytest.raises(ServiceError, match="a box runs already"):
        Control(path, answer)
    assert ask(path, "status") == {"verb": "status"}


def test_a_socket_left_behind_by_a_killed_box_is_taken_over(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    control = Control(path, answer)
    assert ask(path, "press") == {"verb": "press"}
    control.close()


def test_a_closed_socket_is_gone(control: Control, path: Path) -> None:
    control.close()
    assert not path.exists()
    with pytest.raises(ServiceError, match=r"no box runs here .*start one with"):
        ask(path, "status")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match="cannot listen there"):
        Control(tmp_path / "file" / "control.sock", answer)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The datagram socket where systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def test_systemd_is_told(systemd: socket.socket) -> None:
    Notifier().tell("STATUS=happy")
    assert systemd.recv(100) == b"STATUS=happy"


def test_a_systemd_that_has_gone_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    Notifier().tell("STATUS=happy")


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    notifier = Notifier()
    notifier.tell("READY=1")
    assert notifier.watchdog is None


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"), [("30000000", None, 15), ("30000000", "1", None), ("", None, None)]
)
def test_the_watchdog_wants_a_sign_twice_in_its_time(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, seconds: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert Notifier().watchdog == seconds


def test_the_journal_gets_a_lines_fields() -> None:
    journal = pytest.importorskip("systemd.journal")
    sent: list[dict[str, Any]] = []
    handler = journal.JournalHandler(sender_function=lambda *message, **fields: sent.append(fields))
    log = logging.Logger("test")
    log.addHandler(handler)
    log.info("look: %s", "happy", extra={"MOODBOX_VERDICT": "mood"})
    assert sent[0]["MOODBOX_VERDICT"] == "mood"


def test_many_ask_at_once_and_each_gets_an_answer_or_none(control: Control, path: Path) -> None:
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
