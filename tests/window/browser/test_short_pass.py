"""The short pass for every change: a browser is let in, and its first page works and can be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.waiting import eventually
from tests.window.browser.conftest import PHONE, Site, Visitor
from tests.window.browser.test_every_page import WIDER, barriers
from tests.window.browser.test_pairing import NEXT

pytestmark = [pytest.mark.browser, pytest.mark.page]


def test_a_browser_is_let_in_and_sees_what_the_box_does(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit(PHONE, paired=False).context.new_page()
    page.goto("/pair")
    page.get_by_role("button", name="Start").click()
    eventually(lambda: site.harness.status()["state"] == "asked")
    site.harness.press()
    page.wait_for_url(NEXT)
    page.goto("/")
    expect(page.locator("#mood")).to_have_text(site.harness.status()["mood"])
    expect(page.locator("#title")).to_have_text(site.harness.status()["song"].split(" - ")[1])
    expect(page.locator("#next li").first).to_be_visible()
    assert barriers(page) == []
    assert not page.evaluate(WIDER)
    page.get_by_role("button", name="Pause", exact=True).click()
    eventually(lambda: site.harness.status()["playing"] == "pause")
    page.get_by_role("button", name="Play", exact=True).click()
    eventually(lambda: site.harness.status()["playing"] == "play")
