"""How a browser is let in, by the box's own button, and how it is sent away."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from device.box.commands import consent
from device.control.client import ask
from tests.waiting import eventually
from tests.window.browser.conftest import PHONE, Site, Visitor

pytestmark = pytest.mark.browser
NEXT = re.compile(r"/(welcome(#camera)?)?$")
"""Where a browser goes once it is let in: the first one to the first visit."""


def asks(page: Page, site: Site) -> None:
    """Press the page's own button, and wait until the box's lights ask for the other one."""
    page.get_by_role("button", name="Start").click()
    eventually(lambda: site.harness.status()["state"] == "asked")


def test_a_press_of_the_boxs_button_lets_a_browser_in_and_starts_no_look(
    visit: Callable[..., Visitor], site: Site
) -> None:
    before = site.harness.status()["since"], site.harness.state.decision
    page = visit(PHONE, paired=False).context.new_page()
    page.goto("/health")
    expect(page.get_by_role("heading", name="Let this browser in")).to_be_visible()
    asks(page, site)
    site.harness.press()
    page.wait_for_url(NEXT)
    assert site.harness.state.decision is before[1]
    page.goto("/health")
    expect(page.get_by_role("heading", name="Parts")).to_be_visible()


def test_who_comes_too_late_can_try_again(
    visit: Callable[..., Visitor], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(PHONE, paired=False).context.new_page()
    page.goto("/pair")
    with monkeypatch.context() as patch:
        patch.setattr(consent, "CONSENT_S", 0.05)
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("button", name="Try again")).to_be_enabled()
        expect(page.locator("#waiting")).to_contain_text("button")
    page.get_by_role("button", name="Try again").click()
    eventually(lambda: site.harness.status()["state"] == "asked")
    site.harness.press()
    page.wait_for_url(NEXT)


def test_the_command_says_yes_in_place_of_the_button(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit(PHONE, paired=False).context.new_page()
    page.goto("/pair")
    asks(page, site)
    assert ask(site.place.settings.service.socket_path(), "pair") == {"ok": True}
    page.wait_for_url(NEXT)
    page.goto("/")
    expect(page.locator("#mood")).to_be_visible()


def test_a_browser_that_is_sent_away_is_out_at_once(visit: Callable[..., Visitor]) -> None:
    here, other = visit().context.new_page(), visit().context.new_page()
    here.goto("/health")
    expect(here.get_by_text("this one")).to_be_visible()
    other.goto("/health")
    mine = here.locator("li", has_text="this one").locator(".send-away").get_attribute("data-key")
    other.locator(f".send-away[data-key='{mine}']").click()
    expect(other.locator(f".send-away[data-key='{mine}']")).to_have_count(0)
    here.goto("/")
    expect(here.get_by_role("heading", name="Let this browser in")).to_be_visible()


def test_who_sends_away_the_browser_in_use_is_asked_first(visit: Callable[..., Visitor]) -> None:
    page = visit().context.new_page()
    page.goto("/health")
    button = page.locator("li", has_text="this one").locator(".send-away")
    button.click()
    expect(page.locator("#toast")).to_contain_text("Press again")
    button.click()
    expect(page.get_by_role("heading", name="Let this browser in")).to_be_visible()


def test_a_page_that_was_fetched_in_advance_uses_its_link_only_once_somebody_sees_it(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit(PHONE, paired=False).context.new_page()
    page.add_init_script(
        "let unseen = true; Object.defineProperty(document, 'hidden', { get: () => unseen });"
        "window.beSeen = () => { unseen = false; document.dispatchEvent(new Event('visibilitychange')) };"
    )
    before = len(site.serving.window.browsers)
    page.goto(site.serving.window.pairing.new_link())
    page.wait_for_load_state("networkidle")
    assert len(site.serving.window.browsers) == before
    page.evaluate("beSeen()")
    page.wait_for_url("/")
    assert len(site.serving.window.browsers) == before + 1
