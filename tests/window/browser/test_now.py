"""Every button of the page Now, against the real box and a real MPD."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.waiting import eventually
from tests.window.browser.conftest import Site

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def playing(site: Site) -> None:
    """Begin with a box that plays what it has seen."""
    status = site.harness.status()
    if status["playing"] != "play" or status["chosen_by"] != "mood" or status["camera"] != "on":
        site.harness.press()
        eventually(lambda: site.harness.status()["playing"] == "play")


def test_the_mood_and_the_song_are_those_of_the_box(page: Page, site: Site) -> None:
    status = site.harness.status()
    expect(page.locator("#mood")).to_have_text(status["mood"])
    expect(page.locator("#lights i.lit")).to_have_attribute("data-mood", status["mood"])
    artist, title = status["song"].split(" - ")
    expect(page.locator("#title")).to_have_text(title)
    expect(page.locator("#artist")).to_have_text(artist)


def test_look_again_looks_and_a_mood_by_hand_is_played_for(page: Page, site: Site) -> None:
    page.get_by_role("button", name="sad", exact=True).last.click()
    eventually(lambda: site.harness.status()["chosen_by"] == "hand")
    expect(page.locator("#mood")).to_have_text("sad")
    expect(page.locator("#lights")).to_have_attribute("data-state", "by_hand")
    page.get_by_role("button", name="Look again").click()
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")
    expect(page.locator("#lights")).to_have_attribute("data-state", "mood")


def test_pause_and_play(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Pause").click()
    eventually(lambda: site.harness.status()["playing"] == "pause")
    page.get_by_role("button", name="Play", exact=True).click()
    eventually(lambda: site.harness.status()["playing"] == "play")


def test_next_song(page: Page, site: Site) -> None:
    song = site.harness.status()["song"]
    page.get_by_role("button", name="Next song").click()
    eventually(lambda: site.harness.status()["song"] not in (song, None))
    expect(page.locator("#title")).not_to_have_text(song.split(" - ")[1])


def test_what_comes_next_says_why_in_plain_words(page: Page, site: Site) -> None:
    page.get_by_role("button", name="happy", exact=True).click()
    reasons = page.locator("#next .why")
    expect(reasons.first).to_contain_text(re.compile("^fits (very well|well|roughly), by its genre [A-Z]"))
    assert not re.search(r"[0-9]|undefined|null", " ".join(reasons.all_text_contents()))
    site.harness.press()
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")


def test_like_and_never(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Like this song").click()
    expect(page.locator("#toast")).to_contain_text("remember")
    song = site.harness.status()["song"]
    page.get_by_role("button", name="Never play this song again").click()
    eventually(lambda: site.harness.status()["song"] != song)


def test_the_volume_follows_the_slider_and_the_slider_the_volume(page: Page, site: Site) -> None:
    slider = page.get_by_role("slider", name="Volume")
    slider.fill("40")
    eventually(lambda: site.harness.status()["volume"] == 40)
    slider.press("ArrowRight")
    eventually(lambda: site.harness.status()["volume"] == 41)


def test_a_correction(page: Page, site: Site) -> None:
    page.get_by_role("button", name="That was wrong").click()
    page.get_by_role("dialog").get_by_role("button", name="neutral").click()
    eventually(lambda: site.harness.status()["corrected"])
    expect(page.locator("#by")).to_contain_text("corrected by you")
    expect(page.locator("#by")).not_to_contain_text("%")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_camera_is_switched_off_and_on(page: Page, site: Site) -> None:
    switch = page.get_by_role("switch", name="Camera")
    switch.click()
    eventually(lambda: site.harness.status()["camera"] == "off")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("button", name="Look again")).to_be_disabled()
    switch.click()
    eventually(lambda: site.harness.status()["camera"] == "on")
    expect(switch).to_have_attribute("aria-checked", "true")
