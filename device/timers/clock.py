"""The time by both clocks, and whether the wall's can be trusted: most Pis have none without power."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from device.timers.now import Now

TIMESYNCD = Path("/run/systemd/timesync")
SYNCHRONIZED = "synchronized"  # systemd-timesyncd creates it once the network has set the clock
RTC = Path("/sys/class/rtc/rtc0/since_epoch")
RTC_WITHIN_S = 60.0  # one that has lost its battery is far off


def read_clock() -> Now:
    """Return the present moment."""
    time.tzset()  # the machine's time zone may have been changed
    wall = time.time()
    # Not `time.monotonic`: a computer that was suspended meanwhile is not one whose clock was wrong.
    return Now(time.clock_gettime(time.CLOCK_BOOTTIME), wall, is_set=_is_set(wall))


def _is_set(wall: float) -> bool:
    """Whether the network or a real-time clock has set it, or another program than timesyncd does."""
    if not TIMESYNCD.exists() or (TIMESYNCD / SYNCHRONIZED).exists():
        return True
    with suppress(OSError, ValueError):
        return abs(int(RTC.read_text()) - wall) <= RTC_WITHIN_S
    return False
