"""Switches the box's camera off and on, as its owner asks for it."""

from __future__ import annotations

import logging
from typing import Any

from device.box.commands.reply import Actions, Reply
from device.box.loop import Loop
from device.box.observer import Observer
from device.box.state import Activity, StateHolder
from device.control import protocol
from device.errors import MemoryFileError
from device.health import Health, Part
from device.vision.cameras.capture import CLOSE_TIMEOUT_S, Capture
from device.vision.cameras.switch import CameraSwitch

log = logging.getLogger(__name__)

UNKNOWN = "switched off, because the box cannot tell whether it should be on"
NOT_KEPT = "the camera is off, but only until the box starts again"
STILL_OPEN = "switched off, but it hangs and may still be open: restart the box, or pull its plug"


class CameraControl:
    """The camera's switch while the box runs. Used by the loop's thread alone."""

    def __init__(
        self,
        switch: CameraSwitch,
        loop: Loop[Any],
        state: StateHolder,
        health: Health,
        observer: Observer,
        capture: Capture,
    ) -> None:
        """Read the switch. A camera whose switch cannot be read is off."""
        self._switch = switch
        self._loop = loop
        self._state = state
        self._health = health
        self._observer = observer
        self._capture = capture
        self._not_kept: str | None = None  # why a restart would switch the camera on
        try:
            off = switch.is_off()
        except MemoryFileError as error:
            off = True
            health.report(Part.CAMERA, f"{UNKNOWN}: {error}")
        if off:
            log.info("the camera is switched off")
        state.change(camera_off=off)

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {protocol.Camera: self._handle}

    def _handle(self, command: protocol.Camera) -> Reply:
        """Carry out a command, and return the reply to it."""
        problem = None
        if command.to == "off":
            problem = self._turn_off()
        elif command.to == "on":
            problem = self._turn_on()
        return {"error": problem} if problem else {"ok": True, "camera": self._state.value.camera}

    def _turn_off(self) -> str | None:
        """Close the camera at once; returns why this does not outlast a restart, if it does not."""
        log.info("the camera is switched off")
        self._state.change(camera_off=True)
        self._observer.interrupt()
        self._capture.stop()  # also where somebody watches
        self._health.clear(Part.CAMERA)
        self._loop.schedule_in(self._check_closed, CLOSE_TIMEOUT_S)
        self._not_kept = None
        try:
            self._switch.turn_off()
        except MemoryFileError as error:
            self._not_kept = f"{NOT_KEPT}: {error}"
            self._health.report(Part.CAMERA, self._not_kept)
        return self._not_kept

    def _turn_on(self) -> str | None:
        try:
            self._switch.turn_on()
        except MemoryFileError as error:
            return f"the camera stays as it was: {error}"
        state = self._state.value
        if state.camera_off:
            log.info("the camera is switched on")
            self._state.change(camera_off=False)
            self._health.clear(Part.CAMERA)
            self._loop.cancel(self._check_closed)
            nothing_to_show = state.searching or (state.decision is None and state.by_hand is None)
            if state.activity is Activity.RESTING and nothing_to_show:
                self._observer.start()
        return None

    def _check_closed(self) -> None:
        if self._capture.is_open:
            self._health.report(Part.CAMERA, STILL_OPEN)
            self._loop.schedule_in(self._check_closed, CLOSE_TIMEOUT_S)
        elif self._not_kept is None:
            self._health.clear(Part.CAMERA)
        else:
            self._health.report(Part.CAMERA, self._not_kept)
