"""Switches the machine off through logind; polkit allows the box to do so (systemd/moodbox.rules).

sudo would not work: the box's sandbox gives no process more rights than it has.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import SEE_LOG, PowerError, describe

log = logging.getLogger(__name__)

LOGIND_TIMEOUT_S = 10  # for logind and polkit to answer
POWER_OFF_TIMEOUT_S = 60.0  # from logind's consent until systemd should have ended the box
INTERACTIVE = "false"  # nobody is at a screen who could type a password
# systemd's own program for a call over D-Bus: nothing to install, and nothing to load before it is needed.
CALL = (
    "busctl", "--system", f"--timeout={LOGIND_TIMEOUT_S}", f"--allow-interactive-authorization={INTERACTIVE}",
    "call", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
    "PowerOff", "b", INTERACTIVE,
)  # fmt: skip


@dataclass(frozen=True)
class PowerOffFailed:
    """The machine was not switched off, and why."""

    reason: str


def power_off() -> None:
    """Ask logind to switch off. Returns once logind has agreed; systemd ends the box soon after.

    Raises:
        PowerError: logind refuses or does not answer.
    """
    try:
        answer = subprocess.run(
            CALL, capture_output=True, text=True, check=False, timeout=LOGIND_TIMEOUT_S + 5
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PowerError(f"cannot switch off: {error}; is this a machine with systemd?") from error
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or [f"busctl ended with {answer.returncode}"])[-1]
        raise PowerError(
            f"logind does not switch off ({reason}): is polkitd installed, and moodbox's rule in "
            "/etc/polkit-1/rules.d? apt or another program may block it, too: systemd-inhibit lists them"
        )


class Power:
    """Asks logind on a thread of its own, so that the box never waits for it."""

    def __init__(
        self,
        post: Callable[[PowerOffFailed], None],
        ask: Callable[[], None] = power_off,
        timeout_s: float = POWER_OFF_TIMEOUT_S,
    ) -> None:
        """Nothing is asked yet.

        Args:
            post: Takes PowerOffFailed.
            ask: Returns once logind has agreed.
            timeout_s: Seconds from then until the box should have ended.
        """
        self._post = post
        self._ask = ask
        self._timeout_s = timeout_s

    def off(self) -> None:
        """Switch off. Posts PowerOffFailed if that is refused, or the machine is still on after the timeout.

        It is not tried again, because the person who held the button may have changed their mind by then.
        """
        try:
            threading.Thread(target=self._off, name="power", daemon=True).start()
        except RuntimeError as error:  # too many threads, or too little memory
            self._post(PowerOffFailed(f"cannot switch off: {error}"))

    def _off(self) -> None:
        try:
            self._ask()
        except PowerError as error:
            self._post(PowerOffFailed(str(error)))
        except BaseException as error:  # otherwise the box would wait without end, its lights winking
            log.error("power", exc_info=error)
            self._post(PowerOffFailed(f"{describe(error)}: hold the button again; {SEE_LOG}"))
        else:
            time.sleep(self._timeout_s)
            self._post(
                PowerOffFailed("logind agreed, but the machine is still on: `systemctl list-jobs` says why")
            )
