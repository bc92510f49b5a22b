"""Tells systemd about the service's state, by sd_notify."""

from __future__ import annotations

import contextlib
import logging
import os

try:
    from systemd import daemon  # type: ignore[attr-defined,unused-ignore]
except ImportError:  # a laptop; on a Pi it is apt's python3-systemd
    daemon = None

log = logging.getLogger(__name__)


class Notifier:
    """Sends to systemd's socket if systemd has started this process (NOTIFY_SOCKET), else to nobody."""

    def __init__(self) -> None:
        wanted = "NOTIFY_SOCKET" in os.environ
        if wanted and daemon is None:
            log.warning(
                "systemd waits for a notification, but its Python module is missing: "
                "sudo apt install python3-systemd"
            )
        self._daemon = daemon if wanted else None

    @property
    def watchdog_s(self) -> float | None:
        """Half of systemd's watchdog timeout, in seconds; None if systemd wants no keep-alive messages."""
        usec = os.environ.get("WATCHDOG_USEC", "")
        for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return int(usec) / 2e6 if self._daemon and for_us and usec.isdecimal() else None

    def notify(self, message: str) -> None:
        """Send READY=1, STATUS=..., WATCHDOG=1 or STOPPING=1: see sd_notify(3)."""
        if self._daemon:
            with contextlib.suppress(OSError):  # systemd does not listen any more: the music plays on
                self._daemon.notify(message)
