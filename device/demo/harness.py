"""The real box on gpiozero's mock pins: presses its button and reads its lights, as a person would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.assembly import open_box
from device.box.box import Box
from device.box.loop import Stop
from device.box.state import Activity, State
from device.config.settings import Camera as CameraSettings
from device.config.settings import Settings
from device.control.client import ask
from device.control.server import NO_REPLY
from device.demo.slideshow import FrameRecorder
from device.errors import ServiceError
from device.mood import Decision, Mood
from device.supervision import DEFAULT_RESTART_POLICY, RestartPolicy
from device.system.startup_times import StartupTimes
from device.vision.camera import Camera, camera_factory
from device.vision.cameras.mounting import mounted

PRESS_S = 0.08  # how long a press lasts
START_TIMEOUT_S = 60.0  # on a busy machine; an error comes at once
STOP_TIMEOUT_S = 15.0
POLL_INTERVAL_S = 0.005


class Harness:
    """A running box: its button is a pin that is driven low, its lights are pins that are read."""

    def __init__(self, settings: Settings, box: Box) -> None:
        self._settings = settings
        self._box = box
        self._pins = Device.pin_factory
        self._down_since: float | None = None
        self._decision_before: Decision | None = None

    @property
    def state(self) -> State:
        """The state of the box right now."""
        return self._box.state

    def lights(self) -> dict[Mood, float]:
        """The brightness of each light, from 0 to 1."""
        return {mood: float(self._pins.pin(pin).state) for mood, pin in self._settings.panel.leds.items()}

    def status(self) -> dict[str, Any]:
        """What `moodbox status --json` prints. On a busy machine the box is asked until it answers.

        Raises:
            ServiceError: There is no box, or it does not answer at all.
        """
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return ask(self._settings.service.socket_path(), "status")
            except ServiceError as error:
                if str(error) != NO_REPLY or time.monotonic() > end:
                    raise

    @property
    def held_s(self) -> float | None:
        """For how many seconds the button has been down; None if it is up."""
        since = self._down_since
        return None if since is None else time.monotonic() - since

    def press_down(self) -> None:
        """Put the button down."""
        self._decision_before = self.state.decision
        self._down_since = time.monotonic()
        self._pins.pin(self._settings.panel.button).drive_low()

    def release(self) -> None:
        """Let the button go."""
        self._pins.pin(self._settings.panel.button).drive_high()
        self._down_since = None

    def press(self, seconds: float = PRESS_S) -> None:
        """Hold the button down for `seconds`."""
        self.press_down()
        time.sleep(seconds)
        self.release()

    def double_press(self) -> None:
        """Press twice quickly, which skips the current song."""
        self.press()
        time.sleep(PRESS_S)
        self.press()

    def wait_for_decision(self, seconds: float) -> bool:
        """Wait until the box has a decision or is in trouble; whether there is a decision in time."""
        self._wait(lambda s: s.activity is Activity.RESTING and (s.decision or s.trouble), seconds)
        return self.state.decision is not None

    def wait_for_observation(self, seconds: float) -> bool:
        """Wait until the observation after the last press has begun, or is over; whether it has in time."""
        return self._wait(lambda s: s.decision is None or s.decision is not self._decision_before, seconds)

    def _wait(self, condition: Callable[[State], object], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition(self.state):
            if time.monotonic() > end:
                return False
            time.sleep(POLL_INTERVAL_S)
        return True


@contextmanager
def harness_for(
    settings: Settings,
    open_camera: Callable[[], Camera] | None = None,
    events: SimpleQueue[Any] | None = None,
    restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
    settings_file: Path | None = None,
    recorder: FrameRecorder | None = None,
) -> Iterator[Harness]:
    """Run a box on a thread until the block ends.

    Args:
        settings: Of the box.
        open_camera: Instead of the camera that the settings name, but mounted as they say.
        events: The box's event queue, for a caller that posts events itself.
        restart_policy: When parts that fail are started again.
        settings_file: Where the settings were read.
        recorder: Keeps the frames as the box looks at them.

    Raises:
        ServiceError: The box cannot be opened.
    """
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    events = SimpleQueue() if events is None else events
    opened: SimpleQueue[Box | Exception] = SimpleQueue()

    def camera_of(chosen: CameraSettings) -> Callable[[], Camera]:
        camera = mounted(open_camera, chosen) if open_camera else camera_factory(chosen)
        return recorder.recorded(camera) if recorder else camera

    def run() -> None:
        try:
            with open_box(
                settings,
                events,
                camera_of,
                restart_policy=restart_policy,
                settings_file=settings_file,
                startup=StartupTimes(since_now=True),
            ) as box:
                opened.put(box)
                box.run()
        except Exception as error:  # raised again in the caller's thread
            opened.put(error)

    thread = threading.Thread(target=run, name="box", daemon=True)
    thread.start()
    try:
        box = opened.get(timeout=START_TIMEOUT_S)
        if isinstance(box, Exception):
            raise box
        yield Harness(settings, box)
    finally:
        events.put(Stop())
        thread.join(timeout=STOP_TIMEOUT_S)
