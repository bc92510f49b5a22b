"""How the box ends: at once and for good when it is told to, and with 70 by an error of its own."""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.service import ask
from device.settings import Settings
from tests.device.test_killed import running

FINGERS = 4


@pytest.mark.parametrize("seed", range(25))
def test_a_stop_among_presses_is_not_lost(
    settings_file: Path, settings: Settings, library: PrivateMpd, seed: int
) -> None:
    chance = random.Random(seed)
    ended = threading.Event()

    def press() -> None:
        while not ended.is_set():
            with suppress(ServiceError):
                ask(settings.service.socket_path(), "press")

    with running(settings_file, settings) as box:
        fingers = [threading.Thread(target=press) for _ in range(FINGERS)]
        try:
            for finger in fingers:
                finger.start()
            time.sleep(chance.uniform(0, 0.02))
            box.send_signal(signal.SIGTERM)
            assert box.wait(timeout=20) == 0
        finally:
            ended.set()
            for finger in fingers:
                finger.join()
