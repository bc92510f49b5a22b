"""The button that restarts the box, at a box that is started again as systemd does it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from device.control.client import ask
from device.demo.show import PICTURES
from device.demo.workplace import Workplace, workplace
from device.errors import ServiceError
from tests.device.cli.commands import MOCK_PINS
from tests.waiting import eventually
from tests.window.browser.conftest import PHONE, Visitor
from tests.window.serving import Serving, serving

pytestmark = pytest.mark.browser

BOX = """
import sys
from datetime import timedelta
from device.box.commands import upkeep
from device.cli.main import main
upkeep.SHORTEST_RUN = timedelta(0)
sys.exit(main())
"""
"""A box that can be restarted at once, and not only after two minutes."""


class Service:
    """Runs a box, and starts it again when it ends. systemd itself does not run where the tests do."""

    def __init__(self, place: Workplace, notify: str) -> None:
        self._command = [sys.executable, "-c", BOX, "run", "--settings", str(place.settings_file)]
        self._command += ["--camera", f"images:{PICTURES}"]
        self._environment = os.environ | MOCK_PINS | {"NOTIFY_SOCKET": notify}
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = False
        self.starts = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending:
            self.starts += 1
            self._process = subprocess.Popen(self._command, env=self._environment, stderr=subprocess.DEVNULL)
            self._process.wait()

    def stop(self) -> None:
        """End the box for good."""
        self._ending = True
        if self._process:
            self._process.kill()
        self._thread.join()


@pytest.fixture
def place() -> Iterator[Workplace]:
    with workplace() as made:
        yield made


@pytest.fixture
def service(place: Workplace) -> Iterator[Service]:
    with ExitStack() as stack:
        notified = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        path = str(place.settings_file.with_name("notify"))
        notified.bind(path)
        running = Service(place, path)
        stack.callback(running.stop)
        eventually(lambda: plays(place))
        yield running


@pytest.fixture
def window(place: Workplace, service: Service) -> Iterator[Serving]:
    with serving(place.settings.service.socket_path(), place.page_state) as found:
        yield found


def plays(place: Workplace) -> bool:
    """Whether the box runs, and plays."""
    try:
        return bool(ask(place.settings.service.socket_path(), "status")["playing"] == "play")
    except ServiceError:
        return False


def test_the_box_restarts_with_what_was_set_and_the_page_goes_on(
    window: Serving, visit: Callable[..., Visitor], service: Service, place: Workplace
) -> None:
    address = f"http://127.0.0.1:{window.port}"
    page = visit(PHONE, paired=False).context.new_page()
    page.goto(address + window.window.pairing.new_link())
    page.goto(f"{address}/settings")
    page.get_by_role("searchbox").fill("volume_max")
    field = page.get_by_label("volume_max", exact=True)
    field.fill("33")
    field.press("Tab")
    expect(page.locator("#toast")).to_have_text("Saved.")
    page.get_by_role("button", name="Restart the box").click()
    expect(page.locator("#toast")).to_contain_text("The box restarts")
    expect(page.get_by_role("button", name="Restart the box")).to_be_hidden()
    eventually(lambda: service.starts == 2)
    eventually(lambda: plays(place))
    page.goto(f"{address}/")
    page.get_by_role("slider", name="Volume").fill("90")
    expect(page.locator("#loudness")).to_have_text("33 %", timeout=20_000)  # the new bound holds
