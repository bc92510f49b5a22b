"""A time of day in local time, with daylight saving time and in other zones."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from device.timers.time_of_day import following, latest

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: str = "Europe/Berlin") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def shown(moment: float, zone: str = "Europe/Berlin") -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat(timespec="minutes")


def test_the_moment_itself_is_the_latest_and_no_longer_the_next() -> None:
    now = at("2026-11-28 07:30")
    assert latest(450, now, BERLIN) == now
    assert shown(following(450, now, BERLIN)) == "2026-11-29T07:30+01:00"


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_it_is_the_same_time_on_the_wall_after_the_clocks_have_changed(day: str) -> None:
    first = at(f"{day} 07:30")
    assert "T07:30" in shown(following(450, first, BERLIN))
    assert following(450, first, BERLIN) - first != 24 * 3600


def test_a_time_that_the_clocks_skip_comes_as_much_later() -> None:
    assert shown(following(150, at("2026-03-29 01:00"), BERLIN)) == "2026-03-29T03:30+02:00"


def test_a_time_that_the_clocks_show_twice_counts_the_first_time() -> None:
    first = following(150, at("2026-10-25 01:00"), BERLIN)
    assert shown(first) == "2026-10-25T02:30+02:00"
    assert shown(following(150, first, BERLIN)) == "2026-10-26T02:30+01:00"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC"])
def test_every_zone_has_its_own_day(zone: str) -> None:
    now = at("2026-11-28 23:50", zone)
    assert shown(following(10, now, ZoneInfo(zone)), zone).startswith("2026-11-29T00:10")
    assert shown(latest(10, now, ZoneInfo(zone)), zone).startswith("2026-11-28T00:10")


def test_without_a_zone_it_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert following(450, at("2026-11-28 07:00", "Asia/Kathmandu")) == at(
            "2026-11-28 07:30", "Asia/Kathmandu"
        )
    finally:
        monkeypatch.undo()
        time.tzset()
