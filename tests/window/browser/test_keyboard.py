"""The page with a keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.waiting import eventually
from tests.window.browser.conftest import Site

pytestmark = pytest.mark.browser
FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"


def tab_to(page: Page, wanted: str) -> None:
    """Press the tab key until this is focused."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == wanted:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{wanted}: nobody sees that it is focused"
            return
    pytest.fail(f"the tab key does not lead to {wanted}")


def test_the_first_key_skips_the_list_of_pages(page: Page) -> None:
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED) == "content"


def test_the_music_is_paused_and_goes_on(page: Page, site: Site) -> None:
    tab_to(page, "pause")
    page.keyboard.press("Space")
    eventually(lambda: site.harness.status()["playing"] == "pause")
    expect(page.locator("#pause")).to_have_accessible_name("Play")
    expect(page.locator("#pause")).not_to_have_attribute("aria-busy", "true")
    assert page.evaluate(FOCUSED) == "pause"
    page.keyboard.press("Enter")
    eventually(lambda: site.harness.status()["playing"] == "play")


def test_a_correction_opens_closes_and_gives_the_focus_back(page: Page) -> None:
    tab_to(page, "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#wrong-sheet') !== null")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate(FOCUSED) == "wrong"


def test_another_page_is_reached(page: Page) -> None:
    tab_to(page, "Settings")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
