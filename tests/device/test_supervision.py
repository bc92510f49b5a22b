from __future__ import annotations

import logging
import math
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from device.errors import CameraError
from device.supervision import (
    RESTARTS,
    Ledger,
    Part,
    PartFailed,
    PartWell,
    Patience,
    Supervised,
    ThreadDied,
    ends_the_box,
    reason,
)
from tests.waiting import eventually

QUICK = Patience(pauses=(0.01,), well=3600)
ERROR = KeyError("Id")


class Posted:
    def __init__(self) -> None:
        self.events: list[Any] = []

    @property
    def failures(self) -> list[int]:
        return [event.failures for event in self.events if isinstance(event, PartFailed)]

    @property
    def well(self) -> int:
        return sum(isinstance(event, PartWell) for event in self.events)


@pytest.fixture
def posted() -> Posted:
    return Posted()


def failing(times: int, then: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """A part's function that raises so many times, and then goes on."""
    left = [ERROR] * times

    def run() -> None:
        if left:
            raise left.pop()
        then()

    return run


def test_the_pauses_are_1_5_30_and_then_for_ever_120_seconds() -> None:
    assert [Patience().pause(failures) for failures in range(1, 7)] == [1, 5, 30, 120, 120, 120]


def test_a_function_that_raises_is_run_again_until_it_has_done_its_job(posted: Posted) -> None:
    done = threading.Event()
    Supervised(Part("part", posted.events.append, QUICK), failing(4, done.set)).start()
    assert done.wait(15)
    eventually(lambda: posted.well)
    assert posted.failures == [1, 2, 3, 4]


def test_a_function_that_would_end_its_thread_without_a_word_is_run_again(posted: Posted) -> None:
    started: SimpleQueue[bool] = SimpleQueue()

    def leave() -> None:
        started.put(True)
        sys.exit()

    supervised = Supervised(Part("part", posted.events.append, QUICK), leave)
    supervised.start()
    for _ in range(3):
        started.get(timeout=15)
    supervised.close(15)


def test_closing_ends_a_pause_at_once(posted: Posted) -> None:
    supervised = Supervised(Part("part", posted.events.append, Patience(pauses=(3600,))), failing(9))
    supervised.start()
    eventually(lambda: posted.failures)
    supervised.close(15)
    assert "part" not in [thread.name for thread in threading.enumerate()]
    assert posted.failures == [1]


def test_a_part_that_has_run_well_for_a_while_begins_to_count_anew(posted: Posted) -> None:
    part = Part("part", posted.events.append, Patience(pauses=(1, 5), well=0))
    part.stopped(ERROR)
    part.stopped(ERROR)
    assert posted.failures == [1, 1]


def test_a_job_that_fails_costs_that_job_and_a_later_one_that_is_done_makes_it_well(posted: Posted) -> None:
    part = Part("part", posted.events.append)
    for _ in range(2):
        with part.job():
            raise ERROR
    assert posted.failures == [1, 2]
    for _ in range(2):
        with part.job():
            pass
    assert posted.well == 1


def test_a_job_passes_on_what_it_is_told_to(posted: Posted) -> None:
    with pytest.raises(ConnectionError), Part("part", posted.events.append).job(OSError):
        raise ConnectionError
    assert posted.events == []


def test_the_log_tells_once_where_an_error_comes_from(
    posted: Posted, caplog: pytest.LogCaptureFixture
) -> None:
    part = Part("part", posted.events.append)
    for error in (ERROR, ERROR, TypeError("None")):
        part.stopped(error)
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, True]
    assert all(record.levelno == logging.ERROR for record in caplog.records)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("Id"), "KeyError: 'Id'"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("a\nb"), "ValueError: a"),
        (ValueError("\x1b[31mred\x07"), "ValueError: ?[31mred?"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 188),
    ],
)
def test_an_error_is_one_short_line_that_a_terminal_can_show(error: Exception, line: str) -> None:
    assert reason(error) == line


def ledger_after(*errors: Exception) -> Ledger:
    ledger, posted = Ledger(), Posted()
    part = Part("librarian", posted.events.append, Patience(pauses=(1, 5), well=120))
    for error in errors:
        part.stopped(error)
    for event in posted.events:
        ledger.heed(event, now=1000.0)
    return ledger


def test_a_part_is_said_from_its_second_failure_on_with_what_happened_and_what_to_do() -> None:
    assert ledger_after(ERROR).trouble == {}
    assert ledger_after(ERROR, ERROR, ERROR).trouble == {
        "librarian": "stopped by an error of moodbox's own (KeyError: 'Id'), restarted twice; "
        "the log says more: journalctl -u moodbox"
    }


def test_what_a_user_can_mend_is_said_in_its_own_words() -> None:
    (said,) = ledger_after(*[CameraError("the cable is out")] * 2).trouble.values()
    assert said.startswith("the cable is out, restarted once; ")


def test_a_part_is_well_once_it_has_run_for_long_enough_after_its_last_restart() -> None:
    ledger = ledger_after(ERROR, ERROR)
    assert ledger.due == 1000 + 5 + 120
    ledger.forget(ledger.due - 0.1)
    assert ledger.trouble
    ledger.forget(ledger.due)
    assert (ledger.trouble, ledger.due) == ({}, math.inf)


def test_a_part_is_well_once_it_has_done_its_job() -> None:
    ledger = ledger_after(ERROR, ERROR)
    ledger.heed(PartWell("librarian"), 1001)
    assert (ledger.trouble, ledger.due) == ({}, math.inf)


def test_a_thread_that_nobody_supervises_is_said_at_once_and_for_good() -> None:
    ledger = Ledger()
    ledger.heed(ThreadDied("Thread-1", "lgpio", OSError("no such chip")), 1000)
    ledger.forget(math.inf)
    assert ledger.trouble["lgpio"].startswith("a thread has died of an error (OSError: no such chip)")
    assert "sudo systemctl restart moodbox" in ledger.trouble["lgpio"]


def test_only_a_player_that_was_restarted_three_times_ends_the_box() -> None:
    assert RESTARTS == {"player": 3}
    for part, failures, ends in (("player", 3, False), ("player", 4, True), ("librarian", 1000, False)):
        assert ends_the_box(PartFailed(part, "", failures, 1.0)) is ends
