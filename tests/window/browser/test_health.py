"""The page Health: what works and what does not, the journal, and what it says of the box."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from device import __version__
from device.control.client import ask
from device.control.page_commands import HealthReport
from tests.window.browser.conftest import DESK, Site, Visitor
from window.box import journal

pytestmark = pytest.mark.browser


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal and the releases of a box that was deployed: neither is here."""
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\necho happy\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for number, name in enumerate(("20260101-a", "20260202-b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".proven").write_text(str(number))
    monkeypatch.setattr(journal, "RELEASES", tmp_path)
    return program


def pid_of_player(site: Site) -> int:
    """The process that listens at this MPD's socket."""
    with socket.socket(socket.AF_UNIX) as opened:
        opened.connect(site.place.settings.music.address)
        credentials = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])


def test_it_says_how_the_box_is_and_what_its_journal_has(
    visit: Callable[..., Visitor], site: Site, journalctl: Path
) -> None:
    page = visit(DESK).context.new_page()
    page.goto("/health")
    names = [each["part"] for each in ask(site.place.settings.service.socket_path(), HealthReport())["parts"]]
    expect(page.locator("#parts strong")).to_have_text(names)
    expect(page.locator("#version")).to_have_text(__version__)
    expect(page.locator("#since")).to_have_text(re.compile("just now|ago"))
    expect(page.locator("#memory")).to_have_text(re.compile(r"^[0-9]+ MB free, the box uses [0-9]+ MB$"))
    expect(page.locator("#temperature")).to_have_text(re.compile(r"^(\u2013|[0-9]+ °C)$"))  # if there is one
    expect(page.locator("#releases")).to_have_text("20260202-b, 20260101-a")
    expect(page.locator("#journal")).to_have_text("happy")
    expect(page.locator("#chances dt")).to_have_text("happy")
    expect(page.locator("#chances")).to_contain_text("100 %")


def test_a_part_that_fails_says_what_to_do_and_another_check_asks_again(
    visit: Callable[..., Visitor], site: Site, journalctl: Path
) -> None:
    page = visit(DESK).context.new_page()
    page.goto("/health")
    expect(page.locator("#journal")).to_have_text("happy")
    journalctl.write_text("#!/bin/sh\necho something new\n")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#journal")).to_have_text("something new")
    expect(page.locator("#no-moods")).to_be_visible()
    expect(page.locator("#parts .mark-bad")).to_have_count(0)
    player = pid_of_player(site)
    os.kill(player, signal.SIGSTOP)
    try:
        site.harness.double_press()  # so that MPD is asked for something
        expect(page.locator("#problem")).to_contain_text("player: ", timeout=60_000)
        expect(page.locator("#parts .mark-bad")).to_have_text("player")
        expect(page.locator("#parts li", has=page.locator(".mark-bad"))).to_contain_text("MPD")
    finally:
        os.kill(player, signal.SIGCONT)
    expect(page.locator("#problem")).to_be_hidden(timeout=60_000)
    expect(page.locator("#parts .mark-bad")).to_have_count(0)
