"""Notices that another program has changed or replaced a SQLite file that is open here.

SQLite itself does not notice: it goes on with what it has read, and with a file that has no name any more.
"""

from __future__ import annotations

from pathlib import Path

State = tuple[int, int, int, int]


class FileState:
    """What a file was like after the last time that this process may have written to it."""

    def __init__(self, path: Path | None) -> None:
        """Take the path of the file; None for a database in memory, which nobody else can change."""
        self._path = path
        self._noted: State | None = None
        self.note()

    def note(self) -> None:
        """Remember what the file is like now."""
        self._noted = self._found()

    def has_changed(self) -> bool:
        """Tell whether it is another file, or was written to; False if there is none."""
        found = self._found()
        return found is not None and found != self._noted

    def _found(self) -> State | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
