"""Switching the machine off, by logind; polkit says whether the box may (systemd/moodbox.rules).

Not sudo: the box's sandbox gives no process more rights than it has.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import PowerError

log = logging.getLogger(__name__)

PATIENCE = 10  # seconds for logind and polkit to answer
ASK_NOBODY = "false"  # there is no person at a screen who could type a password
# systemd's own program for a call over D-Bus: nothing to install, and nothing to load before it is wanted.
CALL = (
    "busctl", "--system", f"--timeout={PATIENCE}", f"--allow-interactive-authorization={ASK_NOBODY}", "call",
    "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
    "PowerOff", "b", ASK_NOBODY,
)  # fmt: skip


@dataclass(frozen=True)
class PowerStays:
    """The machine was not switched off, and why."""

    reason: str


def power_off() -> None:
    """Returns once logind has agreed; soon after, systemd ends the box. Raises PowerError."""
    try:
        asked = subprocess.run(CALL, capture_output=True, text=True, check=False, timeout=PATIENCE + 5)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PowerError(f"cannot switch off: {error}; is this a machine with systemd?") from error
    if asked.returncode:
        reason = (asked.stderr.strip().splitlines() or [f"busctl ended with {asked.returncode}"])[-1]
        raise PowerError(
            f"logind does not switch off ({reason}): is polkitd installed, and moodbox's rule in "
            "/etc/polkit-1/rules.d? Or apt at work, or another program that holds it up: systemd-inhibit"
        )


class Power:
    """Asks logind on a thread of its own, so that the box never waits for it."""

    def __init__(self, post: Callable[[PowerStays], None]) -> None:
        self._post = post

    def off(self) -> None:
        """Posts PowerStays if it is refused."""
        threading.Thread(target=self._off, name="power", daemon=True).start()

    def _off(self) -> None:
        try:
            power_off()
        except PowerError as error:
            self._post(PowerStays(str(error)))
