"""Every button of the page Now, against the real box and a real MPD."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from device.control.client import ask
from device.control.page_commands import Set, Settings
from device.printable import percents
from tests.waiting import eventually
from tests.window.browser.conftest import PHONE, Site, Visitor

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


def test_before_the_first_look_nothing_is_said_of_how_sure_the_box_is(page: Page, site: Site) -> None:
    status = json.dumps({**site.harness.status(), "chosen_for": None, "probabilities": None})
    page.route(
        "**/events", lambda route: route.fulfill(content_type="text/event-stream", body=f"data: {status}\n\n")
    )
    expect(page.locator("#chances-card")).to_be_visible()
    page.reload()
    expect(page.locator("#mood")).not_to_be_empty()
    expect(page.locator("#chances-card")).to_be_hidden()


def test_look_again_looks_and_a_mood_by_hand_is_played_for(page: Page, site: Site) -> None:
    page.get_by_role("button", name="sad", exact=True).last.click()
    eventually(lambda: site.harness.status()["chosen_by"] == "hand")
    expect(page.locator("#mood")).to_have_text("sad")
    expect(page.locator("#lights")).to_have_attribute("data-state", "by_hand")
    expect(page.locator("#chances-title")).to_have_text("What the box saw itself")
    expect(page.locator("#chances [data-mood=sad]")).not_to_contain_text("100 %")
    page.get_by_role("button", name="Look again").click()
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")
    expect(page.locator("#lights")).to_have_attribute("data-state", "mood")
    expect(page.locator("#chances-title")).to_have_text("How sure the box is")


def test_a_mood_by_hand_that_the_model_does_not_tell_has_a_light_too(page: Page, site: Site) -> None:
    page.locator("#hand").get_by_role("button", name="fear").click()
    expect(page.locator("#lights i.lit")).to_have_attribute("data-mood", "fear")
    page.get_by_role("button", name="Look again").click()
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")
    expect(page.locator("#lights i")).to_have_count(3)


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
    expect(page.locator("#toast")).to_contain_text("The music starts again")
    expect(page.locator("#by")).to_contain_text("corrected by you")
    expect(page.locator("#by")).not_to_contain_text("%")
    expect(page.locator("#chances-title")).to_have_text("What the box saw itself")
    expect(page.locator("#chances [data-mood=neutral]")).not_to_contain_text("100 %")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_correction_that_changes_nothing_says_so(page: Page, site: Site) -> None:
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")
    status = site.harness.status()
    page.get_by_role("button", name="That was wrong").click()
    page.get_by_role("dialog").get_by_role("button", name=status["mood"]).click()
    expect(page.locator("#toast")).to_have_text(
        f"The box says {status['mood']} already, and plays for that. Nothing changes."
    )
    assert site.harness.status()["song"] == status["song"]


def test_only_moods_that_the_model_tells_can_be_corrected_to(page: Page) -> None:
    page.get_by_role("button", name="That was wrong").click()
    expect(page.get_by_role("dialog").get_by_role("button")).to_have_text(["happy", "neutral", "sad"])


def test_a_correction_that_is_refused_says_so_where_it_can_be_seen(page: Page) -> None:
    page.get_by_role("button", name="That was wrong").click()
    page.locator("#was [data-mood=fear]").evaluate("button => button.click()")  # hidden: it would be refused
    expect(page.locator("#toast")).to_contain_text("the model does not tell fear")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_camera_is_switched_off_and_on(page: Page, site: Site) -> None:
    switch = page.get_by_role("switch", name="Camera")
    switch.click()
    eventually(lambda: site.harness.status()["camera"] == "off")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("button", name="Look again")).to_be_disabled()
    expect(page.locator("#mood")).to_have_text("camera off")
    expect(page.locator("#by")).to_contain_text(re.compile("^(happy|neutral|sad): seen in a face"))
    switch.click()
    eventually(lambda: site.harness.status()["camera"] == "on")
    expect(switch).to_have_attribute("aria-checked", "true")


def test_the_music_lifts_the_mood_or_stays_with_it(page: Page, site: Site) -> None:
    socket = site.place.settings.service.socket_path()

    def style() -> Any:
        return next(
            each["value"] for each in ask(socket, Settings())["settings"] if each["key"] == "music.style"
        )

    for wanted in ("match", "lift", "match"):
        button = page.get_by_role("button", name=f"{wanted} my mood")
        button.click()
        eventually(lambda wanted=wanted: style() == wanted)  # type: ignore[misc]
        expect(button).to_have_attribute("aria-pressed", "true")
    ask(socket, Set(key="music.style"))


def test_the_sleep_timer_and_the_wake_time_are_set_and_shown(page: Page, site: Site) -> None:
    page.get_by_role("button", name="30 min").click()
    eventually(lambda: site.harness.status()["sleep_minutes"] == 30)
    expect(page.get_by_role("button", name="30 min")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Off", exact=True).click()
    eventually(lambda: site.harness.status()["sleep"] is None)
    page.get_by_label("Begin with music at", exact=True).fill("07:30")
    switch = page.get_by_role("switch", name="Begin with music at this time")
    switch.click()
    eventually(lambda: site.harness.status()["wake"] == "07:30")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    eventually(lambda: not site.harness.status()["wake_on"])
    expect(switch).to_have_attribute("aria-checked", "false")


def test_a_wake_time_says_that_the_clock_is_not_set_until_it_is(
    page: Page, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.timers.clock.TIMESYNCD", tmp_path)  # of a Pi without a network
    monkeypatch.setattr("device.timers.clock.RTC", tmp_path / "none")
    note = page.locator("#wake-note")
    expect(note).to_have_text("")
    switch = page.get_by_role("switch", name="Begin with music at this time")
    switch.click()
    expect(note).to_contain_text("clock was not set by the network yet")
    page.reload()
    expect(note).to_contain_text("until then no music begins")
    switch.click()
    expect(note).to_have_text("")
    eventually(lambda: not site.harness.status()["wake_on"])


@pytest.mark.parametrize(
    ("path", "last", "size"),
    [
        ("/", "#next li", (1440, 900)),
        ("/", "#next li", (1024, 768)),
        ("/music", "#learned li", (1440, 900)),
        ("/music", "#learned li", (1280, 800)),
    ],
)
def test_on_a_wide_screen_both_columns_are_filled(
    visit: Callable[..., Visitor], path: str, last: str, size: tuple[int, int]
) -> None:
    page = visit(size).context.new_page()
    page.goto(path)
    expect(page.locator(last).first).to_be_visible()
    expect(page.locator(".pick li, #mood").first).to_be_visible()
    columns = page.locator(".columns > div").all()
    ends = [
        box["y"] + box["height"]
        for column in columns
        if (box := column.locator("> :last-child").bounding_box())
    ]
    assert len(ends) == 2
    assert min(ends) > 0.7 * max(ends)


def test_on_a_phone_the_music_comes_before_what_is_rarely_used_and_the_tab_key_follows(
    visit: Callable[..., Visitor],
) -> None:
    page = visit(PHONE).context.new_page()
    page.goto("/")
    expect(page.locator("#next li").first).to_be_visible()
    cards = ["mood", "chances", "music", "next", "hand", "timers", "camera"]
    tops = page.evaluate(
        "cards => cards.map(card => document.getElementById(`${card}-title`).getBoundingClientRect().top)",
        cards,
    )
    assert tops == sorted(tops)
    page.locator("#look").focus()
    reached: list[str | None] = []
    while not reached or reached[-1] != "camera-title":
        reached.append(
            page.evaluate("document.activeElement.closest('section')?.getAttribute('aria-labelledby')")
        )
        page.keyboard.press("Tab")
        assert len(reached) < 40, "the tab key does not lead to the camera's switch"
    with_controls = [f"{card}-title" for card in cards if card not in ("chances", "next")]
    assert list(dict.fromkeys(reached)) == with_controls


def test_the_page_rounds_a_distribution_as_the_terminal_does(page: Page) -> None:
    rounded = "async (shares) => (await import('/static/page.js')).percents(shares)"
    halves = [[505, 495], [625, 375], [5, 995]]
    close = [[484, 484, 32], [334, 334, 332], [335, 333, 332]]
    for parts in [*halves, *close, [146, 708, 146], [1000], [0, 0, 1000], [143] * 6 + [142], []]:
        shares = {mood: part / 1000 for mood, part in zip("abcdefg", parts, strict=False)}
        assert page.evaluate(rounded, shares) == percents(shares)
