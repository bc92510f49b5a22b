"""When a time of day comes, by the clock on the wall: daylight saving time and time zones are Python's."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

MINUTES_A_DAY = 24 * 60


def latest(minute: int, wall: float, zone: tzinfo | None = None) -> float:
    """Return when it was this time last, at or before `wall`; both in seconds since the epoch.

    A time that the clocks skip comes as much later, and one that they show twice counts the first time.

    Args:
        minute: Of the day, 0 to 1439.
        wall: Now.
        zone: Where; None for the machine's own time zone.
    """
    return max(moment for moment in _around(minute, wall, zone) if moment <= wall)


def following(minute: int, wall: float, zone: tzinfo | None = None) -> float:
    """Return when it is this time next, after `wall`; the arguments are those of `latest`."""
    return min(moment for moment in _around(minute, wall, zone) if moment > wall)


def _around(minute: int, wall: float, zone: tzinfo | None) -> list[float]:
    today = datetime.fromtimestamp(wall, zone).date()
    clock = time(minute // 60, minute % 60, tzinfo=zone)
    return [datetime.combine(today + timedelta(days=days), clock).timestamp() for days in (-2, -1, 0, 1, 2)]
