"""Remembers to which broker the box was announced, to remove it there once another is set, or none."""

from __future__ import annotations

from pathlib import Path

import msgspec

from device.config.home import Home
from device.storage.regular_file import read_regular_file
from device.storage.whole_file import write_whole

FILE = "announced.json"
MAX_BYTES = 1 << 16


class Announced:
    """A file in the process's own folder. It holds no password, only the path of its file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def read(self) -> Home | None:
        """Return the settings by which the box was announced; None if it was not."""
        try:
            return msgspec.json.decode(read_regular_file(self._file, MAX_BYTES), type=Home)
        except (OSError, ValueError, RecursionError):
            return None

    def write(self, home: Home) -> None:
        """Remember these settings, unless they are remembered already. Raises OSError."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._file, msgspec.json.encode(home), MAX_BYTES)

    def forget(self) -> None:
        """The box is announced nowhere."""
        self._file.unlink(missing_ok=True)
