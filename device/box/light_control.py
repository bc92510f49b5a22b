"""Keeps the lights at what the state says. Lights that fail are tried again; the music plays on meanwhile."""

from __future__ import annotations

from typing import Any

from device.box.loop import Loop
from device.box.state import StateHolder
from device.panel.lights import Lights
from device.supervision import PartMonitor


class LightControl:
    """Shows the present indication. Used by the loop's thread alone."""

    def __init__(self, lights: Lights, state: StateHolder, loop: Loop[Any], monitor: PartMonitor) -> None:
        self._lights = lights
        self._state = state
        self._loop = loop
        self._monitor = monitor

    def show(self) -> None:
        """Show the present indication. Pins that fail cost the lights, and not the music."""
        try:
            self._lights.show(*self._state.value.shown)
        except Exception as error:  # lgpio's errors share no base class with gpiozero's, nor with OSError
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Try the lights again after a while, because of an error of theirs."""
        if not self._loop.is_scheduled(self._show_again):  # each light has a thread; one failure is enough
            self._loop.schedule_in(self._show_again, self._monitor.report_crash(error))

    def _show_again(self) -> None:
        self._monitor.mark_started()
        self.show()
