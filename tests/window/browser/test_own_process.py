"""What needs a box in a process of its own: a button that restarts it, and one that turns its picture."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect

from device.control.client import ask
from device.control.page_commands import Set, Settings
from device.demo.workplace import Workplace, workplace
from device.errors import ServiceError
from tests.device.cli.commands import MOCK_PINS
from tests.device.conftest import HAPPY
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
        self._command += ["--camera", f"images:{HAPPY}"]
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


@pytest.fixture(scope="module")
def place() -> Iterator[Workplace]:
    with workplace() as made:
        yield made


@pytest.fixture(scope="module")
def service(place: Workplace) -> Iterator[Service]:
    with ExitStack() as stack:
        notified = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        path = str(place.settings_file.with_name("notify"))
        notified.bind(path)
        running = Service(place, path)
        stack.callback(running.stop)
        eventually(lambda: plays(place))
        yield running


@pytest.fixture(scope="module")
def window(place: Workplace, service: Service) -> Iterator[Serving]:
    with serving(place.settings.service.socket_path(), place.page_state) as found:
        yield found


def plays(place: Workplace) -> bool:
    """Whether the box runs, and plays."""
    try:
        return bool(ask(place.settings.service.socket_path(), "status")["playing"] == "play")
    except ServiceError:
        return False


def address_of(window: Serving) -> str:
    """Where its page is."""
    return f"http://127.0.0.1:{window.port}"


def paired_page(window: Serving, visit: Callable[..., Visitor]) -> Page:
    """A page of a browser that is let in."""
    page: Page = visit(PHONE, paired=False).context.new_page()
    page.goto(address_of(window) + window.window.pairing.new_link())
    page.wait_for_url(address_of(window) + "/")
    return page


def test_the_box_restarts_with_what_was_set_and_the_page_goes_on(
    window: Serving, visit: Callable[..., Visitor], service: Service, place: Workplace
) -> None:
    page = paired_page(window, visit)
    page.goto(f"{address_of(window)}/settings")
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
    page.goto(f"{address_of(window)}/")
    page.get_by_role("slider", name="Volume").fill("90")
    expect(page.locator("#loudness")).to_have_text("33 %", timeout=20_000)  # the new bound holds


def test_a_picture_that_is_upside_down_is_turned_by_a_button(
    window: Serving, visit: Callable[..., Visitor], place: Workplace
) -> None:
    socket = place.settings.service.socket_path()
    ask(socket, Set(key="camera.rotate", value=180))  # as if the camera were mounted so
    page = paired_page(window, visit)
    page.goto(f"{address_of(window)}/aim")
    page.get_by_role("button", name="Show the picture").click()
    eventually(lambda: ask(socket, "status")["state"] == "asked")
    ask(socket, "pair")
    page.get_by_role("button", name="Turn the picture").click(timeout=30_000)
    expect(page.locator("#toast")).to_contain_text("Turned.")
    expect(page.locator("#hint")).not_to_contain_text("upside down", timeout=30_000)
    [rotate] = [each for each in ask(socket, Settings())["settings"] if each["key"] == "camera.rotate"]
    assert rotate["value"] == 0
    page.get_by_role("button", name="Close the picture").click()
