"""The timers in the words of `moodbox status`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from device.config.minute_of_day import text_of

if TYPE_CHECKING:
    from device.timers.state import Timers


def iso(wall: float) -> str:
    """Return a moment in seconds since the epoch as local time with its offset."""
    return datetime.fromtimestamp(wall).astimezone().isoformat(timespec="seconds")


def status_words(timers: Timers | None) -> dict[str, Any]:
    """Return the keys for the timers, as docs/scripts.md describes them. None: nobody has set one."""
    sleep, wake = (timers.sleep, timers.wake) if timers else (None, None)
    return {
        "sleep": iso(sleep.until) if sleep else None,
        "sleep_minutes": sleep.minutes if sleep else 0,
        "wake": text_of(wake.minute) if wake else None,
        "wake_on": wake is not None and wake.on,
        "wake_once": wake is not None and wake.once,
    }
