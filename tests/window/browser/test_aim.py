"""The live picture: only after the box's own button, with what the box sees in it, and closed again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from device.control.client import ask
from device.control.protocol import Camera
from tests.waiting import eventually
from tests.window.browser.conftest import DESK, SCREENSHOTS, Site, Visitor

pytestmark = pytest.mark.browser
IS_PAINTED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(data.filter((_, number) => number % 4 === 0)).size > 50;
}"""


@pytest.fixture
def page(visit: Callable[..., Visitor], site: Site) -> Page:
    """The page; nobody watches yet."""
    eventually(lambda: site.harness.status()["state"] not in ("asked", "watched"))
    opened = visit(DESK).context.new_page()
    opened.goto("/aim")
    return opened


def test_the_picture_opens_after_a_press_and_shows_the_face_and_its_mood(page: Page, site: Site) -> None:
    expect(page.locator("#canvas")).to_be_hidden()
    expect(page.locator("#nobody")).to_have_text("Nothing, while the picture is closed.")
    page.get_by_role("button", name="Show the picture").click()
    expect(page.locator("#closed-text")).to_contain_text("press the button")
    eventually(lambda: site.harness.status()["state"] == "asked")
    site.harness.press()
    expect(page.locator("#canvas")).to_be_visible(timeout=20_000)
    assert page.locator("#canvas").evaluate(IS_PAINTED)
    expect(page.locator("#chances dt")).to_have_text(["happy", "neutral", "sad"])
    expect(page.locator("#left")).to_contain_text("Closes by itself in 4:")
    eventually(lambda: site.harness.status()["state"] == "watched")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "aim-open.png")

    page.get_by_role("button", name="Close the picture").click()
    expect(page.locator("#canvas")).to_be_hidden()
    expect(page.locator("#closed-text")).to_have_text("The picture is closed")
    expect(page.locator("#chances dt")).to_have_count(0)
    expect(page.locator("#nobody")).to_have_text("Nothing, while the picture is closed.")
    eventually(lambda: site.harness.status()["state"] != "watched")


def test_a_page_that_is_left_closes_its_eye(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Show the picture").click()
    eventually(lambda: site.harness.status()["state"] == "asked")
    site.harness.press()
    expect(page.locator("#canvas")).to_be_visible(timeout=20_000)
    page.goto("/")
    eventually(lambda: site.harness.status()["state"] != "watched")


def test_who_comes_back_within_five_minutes_needs_no_other_press(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Show the picture").click()
    eventually(lambda: site.harness.status()["state"] == "asked")
    site.harness.press()
    expect(page.locator("#canvas")).to_be_visible(timeout=20_000)
    page.reload()
    expect(page.locator("#canvas")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Close the picture").click()
    eventually(lambda: site.harness.status()["state"] != "watched")
    page.reload()
    expect(page.get_by_role("button", name="Show the picture")).to_be_visible()
    expect(page.locator("#canvas")).to_be_hidden()


def test_without_a_press_no_frame_is_sent(page: Page) -> None:
    found = page.evaluate("fetch('/frames').then((answer) => answer.text())")
    assert "jpeg" not in found
    assert "error" in found


def test_a_picture_that_does_not_come_is_not_shown_as_if_it_did(page: Page, site: Site) -> None:
    socket = site.place.settings.service.socket_path()
    page.get_by_role("button", name="Show the picture").click()
    eventually(lambda: site.harness.status()["state"] == "asked")
    site.harness.press()
    expect(page.locator("#canvas")).to_be_visible(timeout=20_000)
    ask(socket, Camera(to="off"))
    try:
        expect(page.locator("#canvas")).to_be_hidden(timeout=20_000)
        expect(page.locator("#hint")).to_contain_text("switched off")
    finally:
        ask(socket, Camera(to="on"))
    expect(page.locator("#canvas")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Close the picture").click()
