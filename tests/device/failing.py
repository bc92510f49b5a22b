"""A box in which one part fails with an error of moodbox's own.

A test cannot make a real part fail in this way, so the error is raised where the part posts its events: by
the box's queue. `python -m tests.device.failing PART SETTINGS_FILE` is `moodbox run` with such a queue, in a
process of its own. At its end it prints the brightness of each light.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import math
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device import daemon
from device.box.loop import Stop
from device.config.reading import read_settings
from device.config.settings import Panel
from device.errors import CameraError, SettingsError
from device.playback.mpd_events import MpdConnected
from device.playback.mpd_worker import MpdWorker
from device.supervision import RestartPolicy
from device.system.logs import set_up_logs

ERRORS = {kind.__name__: kind for kind in (SettingsError, CameraError, SystemExit, KeyError)}
QUICK_RESTARTS = RestartPolicy(pauses_s=(0.05,), healthy_after_s=1.0)


class Refusing(SimpleQueue[Any]):
    """A queue that raises a KeyError for each item for which `refuses` is true."""

    def __init__(self, refuses: Callable[[Any], bool]) -> None:
        super().__init__()
        self.refuses = refuses

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if self.refuses(item):
            raise KeyError("Id")
        super().put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Raise an item that is an error, in the loop."""
        item = super().get(block, timeout)
        if isinstance(item, BaseException):
            raise item
        return item


class LoosePin(MockPWMPin):  # type: ignore[misc]
    """A pin that cannot be written to while the file `loose` exists."""

    loose = Path()

    def _set_state(self, value: float) -> None:
        if value and self.loose.exists():
            raise OSError("the pin is loose")
        super()._set_state(value)


def _raise(_: MpdWorker, error: BaseException) -> None:
    raise error


def _die_once_the_box_runs(socket: Path) -> None:
    while not socket.exists():
        time.sleep(0.01)
    raise KeyError("nobody supervises this thread")


def main(part: str, file: Path) -> int:
    settings = read_settings(file)
    set_up_logs(logging.INFO)
    LoosePin.loose = file.with_name("loose")
    Device.pin_factory = MockFactory(pin_class=LoosePin)
    events = Refusing(lambda event: part == "player" and isinstance(event, MpdConnected))
    where, _, kind = part.partition(":")
    if kind:
        error: BaseException = ERRORS[kind]("made by a test")
        if where == "closing":
            MpdWorker.close = functools.partialmethod(_raise, error)  # type: ignore[assignment, method-assign]
        events.put(Stop() if where == "closing" else error)
    if part == "loop":
        events.put(MpdConnected(None, 0.0))  # type: ignore[arg-type]
    if part == "thread":
        path = settings.service.socket_path()
        threading.Thread(target=_die_once_the_box_runs, args=(path,), name="stray", daemon=True).start()
    # A player that needs long to reach its error, on a busy machine, has not been well before that.
    healthy_after_s = math.inf if part == "player" else QUICK_RESTARTS.healthy_after_s
    policy = dataclasses.replace(QUICK_RESTARTS, healthy_after_s=healthy_after_s)
    code = daemon.run(settings, events=events, restart_policy=policy)
    lights = [Device.pin_factory.pin(number) for number in Panel().leds.values()]
    print(json.dumps([float(pin.state) for pin in lights]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
