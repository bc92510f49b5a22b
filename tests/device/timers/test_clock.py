"""Whether the wall's clock can be trusted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from device.timers import clock


@pytest.fixture(autouse=True)
def pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pi on which timesyncd runs, without a real-time clock."""
    (tmp_path / "timesync").mkdir()
    monkeypatch.setattr(clock, "TIMESYNCD", tmp_path / "timesync")
    monkeypatch.setattr(clock, "RTC", tmp_path / "since_epoch")
    return tmp_path


def test_it_is_not_before_the_network_has_set_it() -> None:
    assert not clock.read_clock().is_set


def test_it_is_once_the_network_has_set_it(pi: Path) -> None:
    (pi / "timesync" / "synchronized").touch()
    assert clock.read_clock().is_set


def test_it_is_if_another_program_sets_it(pi: Path) -> None:
    (pi / "timesync").rmdir()
    assert clock.read_clock().is_set


@pytest.mark.parametrize(("behind", "is_set"), [(0, True), (1_700_000_000, False)])
def test_a_real_time_clock_counts_unless_its_battery_was_empty(pi: Path, behind: int, is_set: bool) -> None:
    (pi / "since_epoch").write_text(f"{int(time.time()) - behind}\n")
    assert clock.read_clock().is_set is is_set


def test_what_is_no_number_counts_as_no_real_time_clock(pi: Path) -> None:
    (pi / "since_epoch").write_text("?")
    assert not clock.read_clock().is_set
