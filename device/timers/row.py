"""The row in the box's database that holds the timers. `kept` says what its columns mean."""

from __future__ import annotations

from contextlib import suppress

from device.playback.memory import Memory
from device.storage.rows import Row

TABLE = "timers"
NOTHING_SET: Row = (0, 0.0, None, 0, 0, 0.0, None, None)


def read(memory: Memory) -> Row | None:
    """Return the row."""
    with suppress(IndexError):
        return memory.rows_of(TABLE)[0]
    return None
