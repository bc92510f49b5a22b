"""Presses at full speed: each is told, and the process does not grow."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from device.box.state import PressCounts, State
from device.config.settings import Settings
from device.control.server import ControlServer, Request
from device.panel.button import Gesture
from tests.device.fuzzing import FUZZING
from tests.home.conftest import Start
from tests.home.mosquitto import HomeAssistant, Mosquitto, needs_mosquitto
from tests.home.test_messages import status
from tests.waiting import eventually

PRESSES = 1440 if FUZZING else 100
MAX_GROWTH = 1 << 20  # bytes


class PressedBox:
    """A real control socket behind which somebody presses faster than a real button can be."""

    def __init__(self, settings: Settings) -> None:
        self._server = ControlServer(settings.service.socket_path(), self._take)
        self._subscribers: list[Request] = []
        self._counts = PressCounts()
        self.subscribed = threading.Event()

    def press(self) -> None:
        """Press once, and let every subscriber know."""
        self._counts = self._counts.after(Gesture.SINGLE_PRESS)
        for request in self._subscribers:
            request.reply.put(self._status())

    def close(self) -> None:
        """Close the socket."""
        self._server.refuse_requests()
        self._server.close()

    def _status(self) -> dict[str, Any]:
        return status(State(presses=self._counts))

    def _take(self, event: object) -> None:
        if isinstance(event, Request):
            event.reply.put(self._status())
            self._subscribers.append(event)
            self.subscribed.set()


@pytest.fixture
def pressed_box(settings: Settings) -> Iterator[PressedBox]:
    """Open."""
    with contextlib.closing(PressedBox(settings)) as found:
        yield found


@pytest.mark.fuzz
@needs_mosquitto
def test_presses_at_full_speed_are_told_without_growth(
    pressed_box: PressedBox, broker: Mosquitto, home_assistant: HomeAssistant, start: Start
) -> None:
    process = psutil.Process(start(f"mqtt://127.0.0.1:{broker.port}").pid)
    eventually(lambda: home_assistant.availability() == "online")
    used = []
    for number in range(1, PRESSES + 1):
        pressed_box.press()
        eventually(lambda: len(home_assistant.presses()) == number, pause=0.001)  # noqa: B023 - at once
        if number in (PRESSES // 4, PRESSES):
            used.append(process.memory_info().rss)
    assert home_assistant.presses() == PRESSES * ["short"]
    for _ in range(PRESSES):  # faster than anything can be told: some are left out
        pressed_box.press()
    eventually(lambda: len(home_assistant.presses()) > PRESSES)
    used.append(process.memory_info().rss)
    print(
        f"{PRESSES} presses: resident {[size >> 10 for size in used]} KiB: a quarter, all, and a burst more"
    )
    assert used[1] - used[0] < MAX_GROWTH
    assert used[2] - used[0] < 2 * MAX_GROWTH
