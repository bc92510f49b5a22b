"""The owner's switch for the camera, which stays as it is over restarts and power cuts.

An empty file stands for "off": it has no content that could be damaged, and no database that is replaced can
lose it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from device.errors import MemoryFileError

FILE = "camera.off"
SWITCHED_OFF = "the camera is switched off: `moodbox camera on` switches it on"


class CameraSwitch:
    """The switch in one state folder. If it cannot be read, the camera has to count as switched off."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def is_off(self) -> bool:
        """Whether the camera is switched off. Raises MemoryFileError if nobody can tell."""
        try:
            self._file.lstat()  # whatever it is that has this name
        except FileNotFoundError:
            return False
        except OSError as error:
            raise MemoryFileError(f"{self._file}: cannot be read ({error.strerror})") from error
        return True

    def turn_off(self) -> None:
        """Switch the camera off. Raises MemoryFileError if that cannot be kept."""
        self._change(self._create, "written")

    def turn_on(self) -> None:
        """Switch the camera on. Raises MemoryFileError if that cannot be kept."""
        self._change(lambda: self._file.unlink(missing_ok=True), "removed")

    def _create(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(self._file):
            os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640))

    def _change(self, change: Callable[[], None], done: str) -> None:
        try:
            change()
            folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)  # it holds the name, which is all that there is
            finally:
                os.close(folder)
        except OSError as error:
            raise MemoryFileError(f"{self._file}: cannot be {done} ({error.strerror})") from error
