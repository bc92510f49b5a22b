"""Keeps the lights at what the state says. Lights that fail are tried again; the music plays on meanwhile."""

from __future__ import annotations

from typing import Any

from device.box.loop import Loop
from device.box.state import StateHolder
from device.health import Part
from device.panel.brightness import Brightness
from device.panel.lights import Lights
from device.supervision import PartMonitor, Post, RestartPolicy

CLOCK_INTERVAL_S = 30.0  # how late the lights may follow the clock, also after somebody has set it


class LightControl:
    """Shows the present indication. Used by the loop's thread alone."""

    def __init__(
        self,
        lights: Lights,
        brightness: Brightness,
        state: StateHolder,
        loop: Loop[Any],
        post: Post,
        restart_policy: RestartPolicy,
    ) -> None:
        self._lights = lights
        self._brightness = brightness
        self._shown_brightness = brightness.now()
        self._state = state
        self._loop = loop
        self._monitor = PartMonitor(Part.LIGHTS, post, restart_policy)
        self._follow_clock()

    def show(self) -> None:
        """Show the present indication. Pins that fail cost the lights, and not the music."""
        self._shown_brightness = self._brightness.now()
        try:
            self._lights.show(*self._state.value.shown, self._shown_brightness)
        except Exception as error:  # lgpio's errors share no base class with gpiozero's, nor with OSError
            self.failed(error)

    def failed(self, error: BaseException) -> None:
        """Try the lights again after a while, because of an error of theirs."""
        if not self._loop.is_scheduled(self._show_again):  # each light has a thread; one failure is enough
            self._loop.schedule_in(self._show_again, self._monitor.report_crash(error))

    def _show_again(self) -> None:
        self._monitor.mark_started()
        self.show()

    def _follow_clock(self) -> None:
        """Show the same again when the night begins or ends; without a night, the clock wakes nobody."""
        if not self._brightness.depends_on_time:
            return
        if self._brightness.now() != self._shown_brightness:
            self.show()
        self._loop.schedule_in(self._follow_clock, CLOCK_INTERVAL_S)
