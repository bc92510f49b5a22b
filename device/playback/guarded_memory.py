"""The memory on a disk that may be full or read-only: the box then forgets, and plays on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from device.health import Health, Part
from device.mood_bias import NO_BIAS, MoodBias
from device.playback.memory import Memory

T = TypeVar("T")


class GuardedMemory:
    """A `Memory` whose SQLite errors become trouble.

    They are reported to `health` as a problem of `storage`, until something can be written again.
    """

    def __init__(self, memory: Memory, health: Health) -> None:
        self._memory = memory
        self._health = health

    def played(self, last: int) -> tuple[str, ...]:
        """The URIs of the last songs that began, the latest last."""
        return self.recall(lambda memory: memory.played(last)) or ()

    def mood_bias(self) -> MoodBias:
        """What was learned from corrections."""
        return self.recall(Memory.mood_bias) or NO_BIAS

    def recall(self, read: Callable[[Memory], T]) -> T | None:
        """Return what `read` reads; None if that fails."""
        try:
            return read(self._memory)
        except sqlite3.Error as error:
            self._cannot(error)
            return None

    def keep(self, write: Callable[[Memory], None]) -> bool:
        """Do what `write` writes, if possible; returns whether it was."""
        try:
            write(self._memory)
        except sqlite3.Error as error:
            self._cannot(error)
            return False
        self._health.clear(Part.STORAGE)
        return True

    def _cannot(self, error: sqlite3.Error) -> None:
        self._health.report(Part.STORAGE, f"what the box learns cannot be kept: {error}")
