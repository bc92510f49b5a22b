"""The box's status, newest only, from its control socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from device.control.client import subscribe
from device.errors import ServiceError
from home.state import Status

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 16.0


class BoxWatcher:
    """Follows the box on a thread, and asks again while it is away.

    Of several statuses that come while nobody takes them, the newest counts: the queue of who is told stays
    short, however fast the box changes.
    """

    def __init__(self, socket: Path, notify: Callable[[], None]) -> None:
        """Take the box's socket, and what is called, on another thread, when there is something to take."""
        self._socket = socket
        self._notify = notify
        self._lock = threading.Lock()
        self._newest: Status | None = None
        self._notified = False

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="box", daemon=True).start()

    def take(self) -> Status | None:
        """Return the newest status; None while the box does not answer."""
        with self._lock:
            self._notified = False
            return self._newest

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                with closing(subscribe(self._socket)) as statuses:
                    for status in statuses:
                        self._put(status)
                        pause = FIRST_PAUSE_S
            except ServiceError:  # it does not run, or has ended
                self._put(None)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _put(self, status: Status | None) -> None:
        with self._lock:
            self._newest = status
            notified, self._notified = self._notified, True
        if not notified:
            self._notify()
