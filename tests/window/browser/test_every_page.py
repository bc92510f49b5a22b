"""What holds for all pages: readable by everybody, light, and of nobody else's making."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.window.browser.conftest import DESK, PHONE, SCREENSHOTS, Visitor

pytestmark = pytest.mark.browser
PAGES = ("/", "/aim", "/music", "/settings", "/health", "/welcome", "/pair")
MAX_PAGE_BYTES = 100_000
WIDER = "document.documentElement.scrollWidth > innerWidth"  # than the screen
SMALLEST_TARGET = 44  # pixels, as Apple and WCAG's 2.5.5 have it
TARGETS = "button, a[href], select, input:not([type=file]):not([type=range]), summary"
SMALL_TARGETS = """(targets) => targets
  .filter((each) => each.checkVisibility() && !each.classList.contains("skip"))
  .map((each) => [each.id || each.textContent, each.getBoundingClientRect(), each])
  .filter(([, box]) => Math.min(box.width, box.height) < 43.9)
  .filter(([, , each]) => getComputedStyle(each, "::after").position !== "absolute") // which makes it larger
  .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""


def opened(visitor: Visitor, path: str) -> Page:
    """Open a page, and wait until its scripts have asked for all that it shows."""
    page = visitor.context.new_page()
    page.goto(path)
    page.wait_for_timeout(1200)
    return page


def barriers(page: Page) -> list[str]:
    """What axe finds that keeps somebody out."""
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in Axe().run(page).response["violations"]
        if each["impact"] in ("serious", "critical", "moderate")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.strip("/") or "now")
def test_a_page_can_be_read_and_used_by_everybody(
    visit: Callable[..., Visitor], path: str, size: tuple[int, int], scheme: str
) -> None:
    page = opened(visit(size, scheme, paired=path != "/pair"), path)
    SCREENSHOTS.mkdir(exist_ok=True)
    name = path.strip("/") or "now"
    page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{size[0]}x{size[1]}.png")
    assert barriers(page) == []
    assert not page.evaluate(WIDER), "it is wider than the screen"
    assert page.locator(TARGETS).evaluate_all(SMALL_TARGETS) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_light(visit: Callable[..., Visitor], path: str) -> None:
    visitor = visit(paired=path != "/pair")
    sizes: list[int] = []
    page = visitor.context.new_page()
    page.route("**/*", lambda route: route.continue_())  # without the browser's cache
    page.on("requestfinished", lambda request: sizes.append(_bytes_of(request)))
    page.goto(path)
    page.wait_for_timeout(1200)
    assert len(sizes) >= 3
    assert 1_000 < sum(sizes) < MAX_PAGE_BYTES
    print(f"{path}: {sum(sizes)} bytes in {len(sizes)} answers")


def _bytes_of(request: object) -> int:
    sizes = request.sizes()  # type: ignore[attr-defined]
    return int(sizes["responseBodySize"] + sizes["responseHeadersSize"])
