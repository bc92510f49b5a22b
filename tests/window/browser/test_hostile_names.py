"""Songs and files whose names are meant to do harm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.waiting import eventually
from tests.window.browser.conftest import Site, Visitor
from tests.window.uploads.samples import tagged

pytestmark = pytest.mark.browser
SCRIPT = "<img src=x onerror=document.title='hurt'><script>document.title='hurt'</script>"


def test_a_song_with_a_script_for_a_name_is_text(visit: Callable[..., Visitor], site: Site) -> None:
    (site.place.uploads / "hostile.ogg").write_bytes(tagged(title=SCRIPT, artist=SCRIPT, genre="Disco"))
    page = visit().context.new_page()
    page.goto("/music")

    def is_found() -> bool:
        """MPD reads a new song in a moment, and the box a little later."""
        page.reload()
        page.get_by_role("searchbox").fill("hostile")
        page.wait_for_timeout(500)
        return page.locator("#songs button").count() == 1

    eventually(is_found, pause=0.5)
    page.locator("#songs button").click()
    expect(page.locator("#chosen-title")).to_contain_text("<img src=x")
    assert page.title() == "Music · moodbox"
    assert page.locator("main img").count() == 0
    (site.place.uploads / "hostile.ogg").unlink()
