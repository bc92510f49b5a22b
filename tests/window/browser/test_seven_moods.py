"""The page Now of a box whose model tells all seven moods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from device.config.settings import Model
from tests.window.browser.conftest import Site, site_with

pytestmark = pytest.mark.browser

SEVEN = ["happy", "neutral", "sad", "surprise", "angry", "fear", "disgust"]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A box of its own, in place of that of the other tests."""
    with site_with(Model(path="mood7")) as made:
        yield made


def test_each_mood_of_the_model_has_a_light_a_bar_and_a_correction(page: Page) -> None:
    """Also those that the music is not chosen for, since they are hardly likely."""
    for rows in ("#lights i", "#chances > div"):
        moods = page.locator(rows).evaluate_all("rows => rows.map((row) => row.dataset.mood)")
        assert moods == SEVEN
    page.get_by_role("button", name="That was wrong").click()
    expect(page.get_by_role("dialog").get_by_role("button")).to_have_text(SEVEN)


def test_the_page_aim_has_the_moods_in_the_same_order(page: Page) -> None:
    """A frame has them in the order of the model."""
    page.goto("/aim")
    page.evaluate(
        """async (chances) => (await import("/static/picture.js")).drawChances(chances)""",
        dict.fromkeys(sorted(SEVEN), 1 / 7),
    )
    assert page.locator("#chances > div").evaluate_all("rows => rows.map((row) => row.dataset.mood)") == SEVEN
