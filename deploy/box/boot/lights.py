"""The box's lights while it is installed, by the code of the release that comes; else the Pi's own light."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

OWN = Path("/sys/class/leds/ACT/trigger")
"""The green light of a Pi: what makes it go on and off."""
TROUBLE = "trouble"
END_S = 60.0
"""For so long the lights may take to go out, on a Pi that is busy."""


class Lights:
    """Shows an indication of the panel, in a process of its own, which has the pins as long as it runs.

    Besides, the Pi's own light beats like a heart while the box is installed, and blinks in trouble: lgpio
    may not be there yet, and nothing may be wired.

    Args:
        files: The folder with the package `device` and, in `wheels`, the packages that it needs for this.
        settings: The settings of the box to come, which name the pins.
        pins: Whether the pins may be used.
    """

    def __init__(self, files: Path, settings: Path, *, pins: bool = True) -> None:
        self._files, self._settings, self._pins = files, settings, pins
        self._before = _own_trigger()
        self._process: subprocess.Popen[bytes] | None = None

    def show(self, indication: str, mood: str = "") -> None:
        """Show an indication, by the light of a mood or by all."""
        if self._pins and (self._process is None or self._process.poll() is not None):
            self._open()
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # the pins cannot be used, and it has ended
                self._process.stdin.write(f"{indication} {mood}\n".encode())
                self._process.stdin.flush()
        _own_light("timer" if indication == TROUBLE else "heartbeat")

    def close(self) -> None:
        """Let the box have the pins."""
        if self._process is not None:
            if self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:  # a strip that hangs must not end the installation
                self._process.kill()
            self._process = None
        _own_light(self._before)

    def _open(self) -> None:
        packages = self._files / "packages"
        for wheel in (self._files / "wheels").glob("*.whl"):
            with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(wheel) as archive:
                archive.extractall(packages)
        program = (
            f"import sys; from pathlib import Path; sys.path[:0] = {[str(self._files), str(packages)]!r};"
            f"from device.panel.progress import main; main(Path({str(self._settings)!r}))"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-IB", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._files,  # lgpio writes a pipe there
        )


def _own_trigger() -> str:
    """Return what makes the Pi's own light go on: in the file it is in brackets, among all that could."""
    with contextlib.suppress(OSError):
        if found := re.search(r"\[(\S+)\]", OWN.read_text()):
            return found[1]
    return "mmc0"  # the work of the card, as Raspberry Pi OS has it


def _own_light(trigger: str) -> None:
    with contextlib.suppress(OSError):  # this machine has none
        OWN.write_text(trigger)
