"""What the box does when one of its parts fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from device.box.light_control import LightControl
from device.box.loop import Loop
from device.health import Health, PartFailed, PartRecovered, ThreadDied
from device.panel.lights import STRIP_THREAD
from device.supervision import why_the_box_ends

log = logging.getLogger(__name__)


class PartFailures:
    """Keeps what is known of failures up to date. Used by the loop's thread alone."""

    def __init__(
        self, loop: Loop[Any], health: Health, lights: LightControl, end: Callable[[], None]
    ) -> None:
        """Take the parts; `end` ends the box, which systemd starts again."""
        self._loop = loop
        self._health = health
        self._lights = lights
        self._end = end

    def handle(self, event: PartFailed | PartRecovered | ThreadDied) -> None:
        """Report a failure, or that it is over."""
        if isinstance(event, ThreadDied):
            self._thread_died(event)
            return
        self._health.handle_event(event, monotonic())
        self._loop.schedule(self._expire, self._health.next_expiry)
        if isinstance(event, PartFailed) and (reason := why_the_box_ends(event)):
            log.critical("%s: the box ends, and systemd starts it again", reason)
            self._end()

    def _expire(self) -> None:
        self._health.expire_failures(monotonic())
        self._loop.schedule(self._expire, self._health.next_expiry)

    def _thread_died(self, event: ThreadDied) -> None:
        # A light's blinking, which the next indication starts again.
        if event.library == "gpiozero" or event.thread == STRIP_THREAD:
            self._lights.failed(event.error)
        else:
            log.error("the thread %s has died", event.thread, exc_info=event.error)
            self._health.handle_event(event, monotonic())
