"""The real box on gpiozero's mock pins: what a person's finger and eyes would do and see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.assembly import open_box
from device.box.box import Box
from device.box.loop import Stop
from device.box.state import Activity, State
from device.config.settings import Settings
from device.mood import Mood
from device.supervision import DEFAULT_RESTART_POLICY, RestartPolicy
from device.system.control_client import ask
from device.vision.camera import Camera

PRESS = 0.08  # seconds that a finger stays on the button
START = 10.0  # seconds


class Harness:
    """A box that runs on a thread: its button is a pin that is pulled down, its lights are pins to read."""

    def __init__(self, settings: Settings, box: Box) -> None:
        self._settings = settings
        self._box = box
        self._pins = Device.pin_factory

    @property
    def state(self) -> State:
        return self._box.state

    def lights(self) -> dict[Mood, float]:
        """How bright each light is, 0 to 1."""
        return {mood: float(self._pins.pin(pin).state) for mood, pin in self._settings.panel.leds.items()}

    def status(self) -> dict[str, Any]:
        return ask(self._settings.service.socket_path(), "status")

    def press(self, seconds: float = PRESS) -> None:
        """Holds the button down for so long."""
        pin = self._pins.pin(self._settings.panel.button)
        pin.drive_low()
        time.sleep(seconds)
        pin.drive_high()

    def press_twice(self) -> None:
        """Skips the song that plays."""
        self.press()
        time.sleep(PRESS)
        self.press()

    def wait_for_decision(self, seconds: float) -> bool:
        """Whether there is one; not as soon as the camera is in trouble."""
        self._wait(lambda s: s.activity is Activity.RESTING and (s.decision or s.trouble), seconds)
        return self.state.decision is not None

    def wait_for_look(self, seconds: float) -> bool:
        return self._wait(lambda s: s.decision is None, seconds)

    def _wait(self, happened: Callable[[State], object], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not happened(self.state):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True


@contextmanager
def harness_for(
    settings: Settings,
    open_camera: Callable[[], Camera] | None = None,
    events: SimpleQueue[Any] | None = None,
    restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
) -> Iterator[Harness]:
    """events: the box's one queue. Raises what opening the box raises."""
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    events = SimpleQueue() if events is None else events
    opened: SimpleQueue[Box | Exception] = SimpleQueue()

    def run() -> None:
        try:
            with open_box(settings, events, open_camera, restart_policy=restart_policy) as box:
                opened.put(box)
                box.run()
        except Exception as error:  # raised again where the stage was asked for
            opened.put(error)

    thread = threading.Thread(target=run, name="box", daemon=True)
    thread.start()
    try:
        box = opened.get(timeout=START)
        if isinstance(box, Exception):
            raise box
        yield Harness(settings, box)
    finally:
        events.put(Stop())
        thread.join(timeout=5)
