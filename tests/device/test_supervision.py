from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from device.health import Part, PartFailed, PartRecovered
from device.supervision import MAX_RESTARTS, PartMonitor, RestartPolicy, SupervisedThread, why_the_box_ends
from tests.waiting import eventually

QUICK = RestartPolicy(pauses_s=(0.01,), healthy_after_s=3600)
ERROR = KeyError("Id")


class Posted:
    """The events that a part has posted."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    @property
    def failures(self) -> list[int]:
        return [event.failures for event in self.events if isinstance(event, PartFailed)]

    @property
    def recoveries(self) -> int:
        return sum(isinstance(event, PartRecovered) for event in self.events)


@pytest.fixture
def posted() -> Posted:
    return Posted()


def monitor_of(posted: Posted, policy: RestartPolicy = QUICK) -> PartMonitor:
    return PartMonitor(Part.LIBRARIAN, posted.events.append, policy)


def failing(times: int, then: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """A part's function that raises so many times, and works after that."""
    errors = [ERROR] * times

    def run() -> None:
        if errors:
            raise errors.pop()
        then()

    return run


def test_the_pauses_are_1_5_30_and_from_then_on_120_seconds() -> None:
    assert [RestartPolicy().pause_s(failures) for failures in range(1, 7)] == [1, 5, 30, 120, 120, 120]


def test_a_function_that_raises_is_restarted_until_it_has_finished(posted: Posted) -> None:
    done = threading.Event()
    SupervisedThread(monitor_of(posted), failing(4, done.set)).start()
    assert done.wait(60)
    eventually(lambda: posted.recoveries)
    assert posted.failures == [1, 2, 3, 4]


def test_a_function_that_exits_its_thread_silently_is_restarted(posted: Posted) -> None:
    started: SimpleQueue[bool] = SimpleQueue()

    def leave() -> None:
        started.put(True)
        sys.exit()

    thread = SupervisedThread(monitor_of(posted), leave)
    thread.start()
    for _ in range(3):
        started.get(timeout=60)
    thread.close(15)


def test_closing_ends_a_pause_at_once(posted: Posted) -> None:
    before = set(threading.enumerate())
    thread = SupervisedThread(monitor_of(posted, RestartPolicy(pauses_s=(3600,))), failing(9))
    thread.start()
    eventually(lambda: posted.failures)
    thread.close(15)
    assert set(threading.enumerate()) <= before
    assert posted.failures == [1]


def test_failures_are_counted_from_1_again_after_a_part_has_run_for_long_enough(posted: Posted) -> None:
    monitor = monitor_of(posted, RestartPolicy(pauses_s=(1, 5), healthy_after_s=0))
    monitor.report_crash(ERROR)
    monitor.report_crash(ERROR)
    assert posted.failures == [1, 1]


def test_a_job_that_fails_costs_that_job_and_the_next_one_makes_the_part_healthy(posted: Posted) -> None:
    monitor = monitor_of(posted)
    for _ in range(2):
        with monitor.job():
            raise ERROR
    assert posted.failures == [1, 2]
    for _ in range(2):
        with monitor.job():
            pass
    assert posted.recoveries == 1


def test_a_job_passes_on_the_errors_that_it_is_told_to(posted: Posted) -> None:
    with pytest.raises(ConnectionError), monitor_of(posted).job(OSError):
        raise ConnectionError
    assert posted.events == []


def test_the_log_has_one_traceback_for_each_error(posted: Posted, caplog: pytest.LogCaptureFixture) -> None:
    monitor = monitor_of(posted)
    for error in (ERROR, ERROR, TypeError("None")):
        monitor.report_crash(error)
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, True]
    assert all(record.levelno == logging.ERROR for record in caplog.records)


def test_only_a_player_that_was_restarted_three_times_ends_the_box() -> None:
    assert MAX_RESTARTS == {"player": 3}
    for part, failures, ends in (
        (Part.PLAYER, 3, False),
        (Part.PLAYER, 4, True),
        (Part.LIBRARIAN, 1000, False),
    ):
        assert bool(why_the_box_ends(PartFailed(part, "", failures, 1.0))) is ends
