"""What of the timers survives a restart and a power cut: one row in the box's database."""

from __future__ import annotations

from dataclasses import replace

from device.playback.memory import Memory
from device.storage.rows import Row
from device.timers.now import Now
from device.timers.row import TABLE
from device.timers.state import SleepTimer, Timers
from device.timers.wake_time import LATE_S, WakeTime


def row_of(timers: Timers) -> Row:
    """Return what is kept, in the order of the table's columns."""
    sleep, wake = timers.sleep, timers.wake
    return (
        sleep.minutes if sleep else 0,
        sleep.until if sleep else 0.0,
        wake.minute if wake else None,
        int(wake.on) if wake else 0,
        int(wake.once) if wake else 0,
        wake.answered if wake else 0.0,
        timers.before,
        timers.lowest,
    )


def timers_of(row: Row, now: Now) -> Timers:
    """Return the timers as they were kept. A sleep timer that has ended long ago is over."""
    minutes, until, minute, on, once, answered, before, lowest = row
    sleep = None
    left = min(until - now.wall, 60.0 * minutes)  # the clock may have been ahead, or be behind now
    if minutes and left >= -LATE_S:
        sleep = SleepTimer(minutes, now.monotonic + left, now.wall + left)
    wake = None if minute is None else _wake_time(WakeTime(minute, bool(on), bool(once), answered), now)
    if wake and before is not None and not minutes:
        # The music may have been cut off in its soft beginning: that is due again, also one for once.
        again = replace(wake, answered=answered - 1)
        is_from_today = not replace(wake, on=True).is_due(now) and replace(again, on=True).is_due(now)
        if is_from_today or not now.is_set:  # else it is over: it has begun, and was not missed
            wake = replace(again, on=again.on or (again.once and is_from_today))
    return Timers(sleep, wake, before, lowest=lowest)


def _wake_time(wake: WakeTime, now: Now) -> WakeTime:
    """Return it with the moment from which it counts by the monotonic clock, too, as far as that is known."""
    since = now.monotonic - (now.wall - wake.answered)
    # Before the machine's start the clock was another one, and may have been right if the present one is not.
    if now.is_set and 0 < wake.answered <= now.wall and since >= 0:
        return replace(wake, since=since)
    if not now.is_set and wake.answered <= 0:  # it was set before the restart, and the clock is still wrong
        return replace(wake, since=now.monotonic)
    return wake


def keep(memory: Memory, timers: Timers) -> None:
    """Replace the row."""
    memory.replace_rows({TABLE: [row_of(timers)]})
