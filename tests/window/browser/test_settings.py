"""The page Settings, by the box's own schema."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.window.browser.conftest import DESK, Site, Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Visitor]) -> Page:
    """The page, once it shows settings."""
    opened = visit(DESK).context.new_page()
    opened.goto("/settings")
    expect(opened.locator(".setting").first).to_be_attached()
    return opened


def search(page: Page, key: str) -> None:
    """Show the settings whose name or meaning has this."""
    page.get_by_role("searchbox").fill(key)


def test_a_change_is_kept_and_can_be_taken_back(page: Page, site: Site) -> None:
    search(page, "look.readings")
    field = page.get_by_label("readings", exact=True)
    before = field.input_value()
    field.fill("7")
    field.press("Tab")
    expect(page.locator("#toast")).to_have_text("Saved.")
    overlay = site.place.settings.service.state_path() / "settings.toml"
    assert "readings = 7" in overlay.read_text()
    expect(page.get_by_role("button", name="Restart the box")).to_be_visible()

    page.reload()
    search(page, "look.readings")
    expect(page.get_by_label("readings", exact=True)).to_have_value("7")
    page.get_by_role("button", name="Reset look.readings").click()
    expect(page.get_by_label("readings", exact=True)).to_have_value(before)
    assert "readings" not in overlay.read_text()


def test_a_value_that_the_schema_refuses_is_explained_at_its_field(page: Page) -> None:
    search(page, "look.readings")
    page.get_by_label("readings", exact=True).fill("9999")
    page.get_by_label("readings", exact=True).press("Enter")
    expect(page.locator(".setting:not([hidden]) .error")).to_contain_text("look.readings: expected")


def test_a_switch_a_choice_and_a_list(page: Page, site: Site) -> None:
    overlay = site.place.settings.service.state_path() / "settings.toml"
    search(page, "service.log_moods")
    page.get_by_role("switch", name="log_moods").click()
    expect(page.locator("#toast")).to_have_text("Saved.")
    assert "log_moods = true" in overlay.read_text()
    search(page, "music.style")
    page.get_by_label("style", exact=True).select_option("match")
    expect(page.get_by_role("button", name="Reset music.style")).to_be_visible()
    assert 'style = "match"' in overlay.read_text()
    search(page, "music.leave_out_genres")
    page.get_by_label("leave_out_genres").fill("Polka\nMarch*")
    page.get_by_label("leave_out_genres").press("Tab")
    expect(page.get_by_role("button", name="Reset music.leave_out_genres")).to_be_visible()
    assert '"March*"' in overlay.read_text()
    for key in ("service.log_moods", "music.style", "music.leave_out_genres"):
        search(page, key)
        page.get_by_role("button", name=f"Reset {key}").click()
        expect(page.get_by_role("button", name=f"Reset {key}")).to_have_count(0)


def test_what_could_take_more_rights_is_shown_and_not_changeable(page: Page) -> None:
    search(page, "service.socket")
    expect(page.get_by_label("socket", exact=True)).to_be_disabled()


def test_a_search_that_finds_nothing_says_so(page: Page) -> None:
    said = page.get_by_text("No setting has these words.")
    search(page, "no such setting")
    expect(said).to_be_visible()
    search(page, "look.readings")
    expect(said).to_be_hidden()
