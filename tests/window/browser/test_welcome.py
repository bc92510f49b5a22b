"""The first visit: five steps, each of which can be left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from device.control.client import ask
from device.control.page_commands import Set
from device.mpd.tone import player
from tests.waiting import eventually
from tests.window.browser.conftest import PHONE, Site, Visitor

pytestmark = pytest.mark.browser


def test_it_leads_through_camera_lights_sound_and_music_to_the_page_now(
    visit: Callable[..., Visitor], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "why_unheard", lambda client: None)  # there may be no sound card here
    page = visit(PHONE).context.new_page()
    page.goto("/welcome")
    forward = page.get_by_role("button", name="Continue")
    expect(page.get_by_text("Step 1 of 5")).to_be_visible()
    expect(page.get_by_role("button", name="Show the picture")).to_be_visible()
    forward.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Are the lights right?")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.get_by_role("button", name="sad", exact=True).click()
    eventually(lambda: site.harness.status()["chosen_for"] == {"sad": 1.0})
    forward.click()
    page.get_by_role("button", name="Play a tone").click()
    expect(page.get_by_text("Nothing heard?")).to_be_visible()
    page.get_by_role("slider", name="Volume").fill("35")
    eventually(lambda: site.harness.status()["volume"] == 35)
    forward.click()
    expect(page.locator("#count")).to_contain_text("On the box: ")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_text("Step 3 of 5")).to_be_visible()
    forward.click()
    forward.click()
    expect(page.get_by_role("row", name="press twice")).to_be_visible()
    expect(page.get_by_role("row", name="hold for 3 s")).to_be_visible()
    expect(page.get_by_role("row", name="switches off")).to_be_hidden()  # in the demo, no hold does that
    ask(site.place.settings.service.socket_path(), Set(key="panel.off", value=9))
    page.get_by_role("button", name="Back").click()
    forward.click()
    expect(page.get_by_role("row", name="hold for 9 s")).to_be_visible()
    ask(site.place.settings.service.socket_path(), Set(key="panel.off"))
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#mood")).to_be_visible()
    site.harness.press()
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")
