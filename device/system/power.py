"""Switching the machine off, by logind; polkit says whether the box may (systemd/moodbox.rules).

Not sudo: the box's sandbox gives no process more rights than it has.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import PowerError
from device.supervision import MORE, what_happened

log = logging.getLogger(__name__)

PATIENCE = 10  # seconds for logind and polkit to answer
GOING_OFF = 60.0  # seconds after which a machine that agreed to switch itself off should have ended the box
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

    def __init__(
        self,
        post: Callable[[PowerStays], None],
        ask: Callable[[], None] = power_off,
        takes: float = GOING_OFF,
    ) -> None:
        """ask: returns once it is agreed to. takes: seconds from then until the box should have ended."""
        self._post = post
        self._ask = ask
        self._takes = takes

    def off(self) -> None:
        """Posts PowerStays if it is refused, or if the machine is still on when it should be off.

        It is never tried again by itself: whoever held the button may have changed their mind by then.
        """
        try:
            threading.Thread(target=self._off, name="power", daemon=True).start()
        except RuntimeError as error:  # too many threads, or too little memory
            self._post(PowerStays(f"cannot switch off: {error}"))

    def _off(self) -> None:
        try:
            self._ask()
        except PowerError as error:
            self._post(PowerStays(str(error)))
        except BaseException as error:  # else the box would wait for ever, its lights winking
            log.error("power", exc_info=error)
            self._post(PowerStays(f"{what_happened(error)}: hold the button again; {MORE}"))
        else:
            time.sleep(self._takes)
            self._post(
                PowerStays("logind has agreed, and the machine is still on: `systemctl list-jobs` says why")
            )
