"""Chromium, and the demo's box with its page: the real box, a real MPD, real pictures, and simulated pins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from device.config.settings import Model
from device.demo.harness import Harness, harness_for
from device.demo.show import PICTURES
from device.demo.slideshow import Slideshow
from device.demo.workplace import Workplace, workplace
from device.vision.pictures import find_pictures
from tests.window.serving import Serving, serving

CHROMIUM = os.environ.get("MOODBOX_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
PHONE, DESK = (390, 844), (1280, 800)
SCREENSHOTS = Path(os.environ.get("MOODBOX_SCREENSHOTS", ".window"))

OpenPage = Callable[..., Page]


@dataclass
class Site:
    """A box, and the window that serves its page."""

    place: Workplace
    harness: Harness
    serving: Serving

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.serving.port}"


@contextmanager
def site_with(model: Model | None = None) -> Iterator[Site]:
    """A box that plays.

    It does not listen to songs, which would keep it from new ones for as long as one song takes.
    """
    with ExitStack() as stack:
        place = stack.enter_context(workplace(model))
        slideshow = Slideshow(list(find_pictures(PICTURES)))
        music = replace(place.settings.music, listen=False)
        settings, file = replace(place.settings, music=music), place.settings_file
        harness = stack.enter_context(harness_for(settings, slideshow.open, settings_file=file))
        assert harness.wait_for_decision(60)
        socket = place.settings.service.socket_path()
        window = stack.enter_context(serving(socket, place.page_state, uploads=place.uploads))
        yield Site(place, harness, window)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """One box for all tests: each leaves it playing."""
    with site_with() as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's browser, without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser of its own, with its cookie. What it loads and complains about is recorded."""

    context: BrowserContext
    requests: list[str]
    complaints: list[str]


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[..., Visitor]]:
    """Makes browsers; at the end none has asked another host for anything, or found a fault in a page."""
    visitors: list[Visitor] = []

    def make(
        size: tuple[int, int] = PHONE, scheme: str = "light", *, paired: bool = True, touch: bool = False
    ) -> Visitor:
        width, height = size
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            has_touch=touch,
            base_url=site.address,
        )
        visitor = Visitor(context, [], [])
        context.on("request", lambda request: visitor.requests.append(request.url))
        context.on("weberror", lambda error: visitor.complaints.append(str(error.error)))
        context.on(
            "console", lambda said: visitor.complaints.append(said.text) if said.type == "error" else None
        )
        visitors.append(visitor)
        if paired:
            page = context.new_page()
            page.goto(site.serving.window.pairing.new_link())
            page.wait_for_url("/")
            page.close()
        return visitor

    yield make
    for visitor in visitors:
        visitor.context.close()
        assert {urlsplit(url).hostname for url in visitor.requests if not url.startswith("data:")} <= {
            "127.0.0.1"
        }
        assert [
            each for each in visitor.complaints if "the server responded with a status of 4" not in each
        ] == []


@pytest.fixture
def page(visit: Callable[..., Visitor]) -> Page:
    """The page Now of a paired browser on a desk, once it knows the box's state."""
    opened = visit(DESK).context.new_page()
    opened.goto("/")
    expect(opened.locator("#lights i").first).to_be_attached()
    return opened
