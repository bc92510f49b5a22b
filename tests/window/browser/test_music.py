"""The page Music: the plane, the owner's own word for a song, and uploads."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, expect

from device.control.client import ask
from device.control.page_commands import Learned, Library
from device.control.protocol import SetMood, Was
from device.mood import Mood
from tests.waiting import eventually
from tests.window.browser.conftest import DESK, PHONE, Site, Visitor
from tests.window.uploads.samples import sound

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Visitor]) -> Page:
    """The page, once it shows songs."""
    opened = visit(DESK).context.new_page()
    opened.goto("/music")
    expect(opened.locator("#songs li").first).to_be_visible()
    return opened


def test_on_a_phone_songs_are_added_after_the_list_and_before_what_was_learned(
    visit: Callable[..., Visitor],
) -> None:
    page = visit(PHONE).context.new_page()
    page.goto("/music")
    cards = page.locator("section").evaluate_all(
        "all => all.map(each => each.getAttribute('aria-labelledby'))"
    )
    wanted = ["plane", "chosen", "songs", "playlists", "upload", "forget"]
    assert cards == [f"{card}-title" for card in wanted]


def song(site: Site, uri: str) -> dict[str, Any]:
    """What the box knows of a song."""
    songs = ask(site.place.settings.service.socket_path(), Library())["songs"]
    return next(each for each in songs if each["uri"] == uri)


def uris(site: Site) -> list[str]:
    """The songs that the box knows."""
    return [each["uri"] for each in ask(site.place.settings.service.socket_path(), Library())["songs"]]


def test_a_song_is_dragged_to_where_it_belongs_and_taken_back(page: Page, site: Site) -> None:
    uri = uris(site)[0]
    before = song(site, uri)
    page.locator("#plane").scroll_into_view_if_needed()
    box = page.locator("#plane").bounding_box()
    assert box
    inner = box["width"] - 28
    page.mouse.move(box["x"] + 14 + before["valence"] * inner, box["y"] + 14 + (1 - before["energy"]) * inner)
    expect(page.locator("#tip")).to_be_visible()
    page.mouse.down()
    expect(page.locator("#chosen")).to_be_visible()
    page.mouse.move(box["x"] + 14 + 0.25 * inner, box["y"] + 14 + 0.75 * inner, steps=8)
    page.mouse.up()
    expect(page.locator("#toast")).to_contain_text("keep to that")
    [moved] = [uri for uri in uris(site) if song(site, uri)["source"] == "own word"]
    assert song(site, moved)["valence"] == pytest.approx(0.25, abs=0.05)
    assert song(site, moved)["energy"] == pytest.approx(0.25, abs=0.05)
    page.get_by_role("button", name="Forget what I said").click()
    eventually(lambda: song(site, moved)["source"] != "own word")


def test_a_song_that_must_never_play_is_marked_and_can_be_let_in_again(page: Page, site: Site) -> None:
    ask(site.place.settings.service.socket_path(), "press")
    eventually(lambda: site.harness.status()["playing"] == "play")
    before = {uri for uri in uris(site) if song(site, uri)["never"]}  # from other tests
    ask(site.place.settings.service.socket_path(), "never")
    [nevered] = {uri for uri in uris(site) if song(site, uri)["never"]} - before
    page.reload()
    page.get_by_role("searchbox").fill(nevered)
    page.locator("#songs button").click()
    expect(page.locator("#chosen-about")).to_contain_text("never chosen again")
    page.get_by_role("button", name="Forget what I said").click()
    eventually(lambda: not song(site, nevered)["never"])
    expect(page.locator("#songs")).not_to_contain_text("never chosen again")


def test_a_thumb_on_a_song_chooses_it_and_beside_it_scrolls_the_page(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit(PHONE, touch=True).context.new_page()
    page.goto("/music")
    expect(page.locator("#songs li").first).to_be_visible()
    prevented = """([x, y]) => {
      const canvas = document.getElementById("plane");
      const box = canvas.getBoundingClientRect();
      const at = (from, part) => from + part * (box.width - 28) + 14;
      const place = { clientX: at(box.left, x), clientY: at(box.top, y) };
      const touch = new Touch({ identifier: 1, target: canvas, ...place });
      return !canvas.dispatchEvent(new TouchEvent("touchstart", { touches: [touch], cancelable: true }));
    }"""
    known = song(site, uris(site)[0])
    assert page.evaluate(prevented, [known["valence"], 1 - known["energy"]])
    assert not page.evaluate(prevented, [1.0, 1.0])


def test_without_a_mouse_two_sliders_say_the_same(page: Page, site: Site) -> None:
    page.get_by_role("searchbox").fill(Path(uris(site)[1]).stem)
    page.locator("#songs button").first.press("Enter")
    assert page.evaluate("document.activeElement.id") == "chosen-title"
    page.get_by_role("slider", name="From dark to bright").fill("90")
    page.get_by_role("slider", name="From calm to energetic").fill("10")
    page.get_by_role("button", name="It belongs here").press("Enter")
    eventually(lambda: song(site, uris(site)[1])["source"] == "own word")
    assert (song(site, uris(site)[1])["valence"], song(site, uris(site)[1])["energy"]) == (0.9, 0.1)
    page.get_by_role("button", name="Forget what I said").press("Enter")
    eventually(lambda: song(site, uris(site)[1])["source"] != "own word")


def test_songs_are_found_and_sorted_by_a_mood(page: Page) -> None:
    count = page.locator("#songs li").count()
    page.get_by_role("button", name="sad", exact=True).click()
    expect(page.get_by_role("button", name="sad", exact=True)).to_have_attribute("aria-pressed", "true")
    assert page.locator("#songs li").count() == count
    page.get_by_role("searchbox").fill("no song is called so")
    expect(page.locator("#songs li")).to_have_count(0)


def test_songs_are_listed_by_their_titles(page: Page) -> None:
    expect(page.locator("#songs button", has_text="Window Seat").first).to_be_visible()
    page.get_by_role("searchbox").fill("window seat")
    expect(page.locator("#songs li")).to_have_count(1)


def test_playlists_are_listed_with_the_mood_that_they_are_for(
    visit: Callable[..., Visitor], site: Site
) -> None:
    folder = site.place.command.parent / "playlists"
    (folder / "Sad.m3u").write_text("".join(f"{uri}\n" for uri in uris(site)[:2]))
    (folder / "Breakfast.m3u").write_text(f"{uris(site)[0]}\n")
    page = visit(DESK).context.new_page()
    page.goto("/music")
    lines = page.locator("#playlists li")
    expect(lines).to_have_text(["Sadplays when you are sad 2 songs", "Breakfast1 song"])
    for file in folder.glob("*.m3u"):
        file.unlink()
    page.reload()
    expect(lines).to_have_text(["There are no playlists on the box."])


def test_songs_are_uploaded_with_their_progress_and_mpd_finds_them(page: Page, site: Site) -> None:
    page.locator("#files").set_input_files(
        [
            FilePayload(name="from a phone.mp3", mimeType="audio/mpeg", buffer=sound("MP3")),
            FilePayload(name="not sound.mp3", mimeType="audio/mpeg", buffer=b"<html>"),
        ]
    )
    expect(page.locator("#uploads li").first).to_have_text("from a phone.mp3 is on the box.")
    expect(page.locator("#uploads li.bad")).to_contain_text("not a sound file")
    assert (site.place.uploads / "from a phone.mp3").exists()
    eventually(lambda: "uploads/from a phone.mp3" in uris(site))
    (site.place.uploads / "from a phone.mp3").unlink()


def test_a_song_that_is_dropped_is_uploaded(page: Page, site: Site) -> None:
    page.evaluate(
        """(bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "dropped.wav"));
          const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true });
          document.getElementById("drop").dispatchEvent(drop);
        }""",
        list(sound("WAV")[:20000]),
    )
    expect(page.locator("#uploads li")).to_have_text("dropped.wav is on the box.")
    (site.place.uploads / "dropped.wav").unlink()


def test_a_song_that_is_too_large_is_not_even_sent(page: Page, site: Site) -> None:
    page.locator("#uploads").evaluate("list => (list.dataset.most = 0)")  # 200 MB would take a while
    song = FilePayload(name="long.mp3", mimeType="audio/mpeg", buffer=sound("MP3"))
    page.locator("#files").set_input_files([song])
    expect(page.locator("#uploads li.bad")).to_have_text("long.mp3 is too large.")
    assert not (site.place.uploads / "long.mp3").exists()


def test_what_was_learned_is_said_and_forgotten_once_that_is_confirmed(page: Page, site: Site) -> None:
    socket = site.place.settings.service.socket_path()
    ask(socket, SetMood(mood=Mood.SAD))
    eventually(lambda: site.harness.status()["chosen_for"] == {"sad": 1.0})

    def are_skipped() -> bool:
        """A song that nobody can have heard yet does not count; a genre needs two."""
        page.wait_for_timeout(500)
        ask(socket, "skip")
        genres = ask(socket, Learned())["genres"]
        return max((each["skipped"] for each in genres if each["mood"] == "sad"), default=0) >= 2

    def is_settled() -> bool:
        """The last skip is counted only once MPD reports the next song."""
        before = ask(socket, Learned())
        page.wait_for_timeout(1000)
        return bool(ask(socket, Learned()) == before)

    eventually(are_skipped)
    ask(socket, Was(mood=Mood.SAD))
    eventually(is_settled)
    page.reload()
    lines = page.locator("#learned")
    expect(lines).to_contain_text(re.compile("Heard to the end: [0-9]+, skipped: [0-9]+"))
    expect(lines).to_contain_text(re.compile("When you are sad: .*you mostly skip [A-Z]"))
    expect(lines).to_contain_text(re.compile("Likelier than the model says, by your corrections: .*sad"))
    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_role("button", name="Press again to forget it").click()
    expect(page.locator("#toast")).to_contain_text("begins to learn from the start")
    expect(lines).to_have_text("Nothing yet.")
    assert ask(socket, Learned())["songs"] == 0
    site.harness.press()
    eventually(lambda: site.harness.status()["chosen_by"] == "mood")
