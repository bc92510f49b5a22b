"""Remembers to which broker the box was announced, to remove it there once another is set, or none."""

from __future__ import annotations

from pathlib import Path

import msgspec

from device.config.home import Home

FILE = "announced.json"
MAX_BYTES = 1 << 16


class Announced:
    """A file in the process's own folder. It holds no password, only the path of its file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def read(self) -> Home | None:
        """Return the settings by which the box was announced; None if it was not."""
        try:
            with self._file.open("rb") as file:
                return msgspec.json.decode(file.read(MAX_BYTES), type=Home)
        except (OSError, ValueError):
            return None

    def write(self, home: Home) -> None:
        """Remember these settings. Raises OSError."""
        new = self._file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(home))
        new.replace(self._file)

    def forget(self) -> None:
        """The box is announced nowhere."""
        self._file.unlink(missing_ok=True)
