"""The memory on a disk that may be full or read-only: the box then forgets, and plays on."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from device.playback.memory import Memory

T = TypeVar("T")
log = logging.getLogger(__name__)


class GuardedMemory:
    """A `Memory` whose SQLite errors become trouble.

    They are reported as `storage` in the given dictionary, until something can be written again.
    """

    def __init__(self, memory: Memory, trouble: dict[str, str]) -> None:
        self._memory = memory
        self._trouble = trouble

    def played(self, last: int) -> tuple[str, ...]:
        """The URIs of the last songs that began, the latest last."""
        return self.recall(lambda memory: memory.played(last)) or ()

    def recall(self, read: Callable[[Memory], T]) -> T | None:
        """Return what `read` reads; None if that fails."""
        try:
            return read(self._memory)
        except sqlite3.Error as error:
            self._cannot(error)
            return None

    def keep(self, write: Callable[[Memory], None]) -> None:
        """Do what `write` writes, if possible."""
        try:
            write(self._memory)
        except sqlite3.Error as error:
            self._cannot(error)
        else:
            self._trouble.pop("storage", None)

    def _cannot(self, error: sqlite3.Error) -> None:
        if "storage" not in self._trouble:
            log.warning("the box cannot remember what it learns (%s); it plays on", error)
        self._trouble["storage"] = f"cannot be kept: {error}"
