from __future__ import annotations

import logging
import math
from typing import Any

import pytest

from device.errors import CameraError
from device.health import Health, Part, PartRecovered, ThreadDied
from device.supervision import PartMonitor, RestartPolicy

ERROR = KeyError("Id")


@pytest.fixture
def health() -> Health:
    return Health()


def health_after(*errors: Exception, part: Part = Part.LIBRARIAN) -> Health:
    """The health at 1000 s, when a part has just crashed with each of these errors."""
    health = Health()
    events: list[Any] = []
    monitor = PartMonitor(part, events.append, RestartPolicy(pauses_s=(1, 5), healthy_after_s=120))
    for error in errors:
        monitor.report_crash(error)
    for event in events:
        health.handle_event(event, now=1000.0)
    return health


def test_a_problem_is_shown_until_it_is_cleared(health: Health) -> None:
    health.report(Part.CAMERA, "the cable is out")
    assert Part.CAMERA in health
    assert health.trouble == {"camera": "the cable is out"}
    assert health.clear(Part.CAMERA)
    assert health.trouble == {}
    assert not health.clear(Part.CAMERA)


def test_a_problem_is_logged_once_while_it_lasts(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    for problem in ("one", "one", "two", "two"):
        health.report(Part.CAMERA, problem)
    health.clear(Part.CAMERA)
    health.report(Part.CAMERA, "two")
    health.report(Part.PLAYER, "quiet", level=logging.DEBUG)
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "camera: one",
        "camera: two",
        "camera: two",
    ]


def test_a_problem_until_the_restart_is_not_cleared_and_the_first_is_kept(health: Health) -> None:
    health.report_until_restart(Part.STORAGE, "the file cannot be opened")
    health.report_until_restart(Part.STORAGE, "another problem")
    health.report(Part.STORAGE, "the disk is full")
    assert health.trouble == {"storage": "the disk is full"}
    health.clear(Part.STORAGE)
    assert health.trouble == {"storage": "the file cannot be opened"}


def test_what_a_part_reports_is_shown_rather_than_why_it_was_restarted() -> None:
    health = health_after(ERROR, ERROR, part=Part.PLAYER)
    health.report(Part.PLAYER, "MPD does not answer")
    assert health.trouble == {"player": "MPD does not answer"}
    health.clear(Part.PLAYER)
    assert "restarted once" in health.trouble["player"]
    assert Part.PLAYER in health


def test_trouble_is_sorted_by_part(health: Health) -> None:
    health.report(Part.PLAYER, "")
    health.report_until_restart(Part.SETTINGS, "")
    health.report(Part.CAMERA, "")
    assert list(health.trouble) == ["camera", "player", "settings"]


def test_a_part_is_shown_from_its_second_failure_on_with_what_happened_and_what_to_do() -> None:
    assert health_after(ERROR).trouble == {}
    assert health_after(ERROR, ERROR, ERROR).trouble == {
        "librarian": "stopped by an error of moodbox's own (KeyError: 'Id'), restarted twice; "
        "the log says more: journalctl -u moodbox"
    }


def test_an_error_that_the_user_can_fix_is_shown_in_its_own_words() -> None:
    (problem,) = health_after(*[CameraError("the cable is out")] * 2).trouble.values()
    assert problem.startswith("the cable is out, restarted once; ")


def test_a_part_is_healthy_once_it_has_run_for_long_enough_after_its_last_restart() -> None:
    health = health_after(ERROR, ERROR)
    assert health.next_expiry == 1000 + 5 + 120
    health.expire_failures(health.next_expiry - 0.1)
    assert health.trouble
    health.expire_failures(health.next_expiry)
    assert (health.trouble, health.next_expiry) == ({}, math.inf)


def test_a_part_is_healthy_once_it_has_finished_a_job() -> None:
    health = health_after(ERROR, ERROR)
    health.handle_event(PartRecovered(Part.LIBRARIAN), 1001)
    assert (health.trouble, health.next_expiry) == ({}, math.inf)


def test_a_thread_without_supervision_that_died_is_shown_at_once_and_until_the_restart(
    health: Health,
) -> None:
    health.handle_event(ThreadDied("Thread-1", "lgpio", OSError("no such chip")), 1000)
    health.expire_failures(math.inf)
    assert health.trouble["lgpio"].startswith("a thread has died of an error (OSError: no such chip)")
    assert "sudo systemctl restart moodbox" in health.trouble["lgpio"]
