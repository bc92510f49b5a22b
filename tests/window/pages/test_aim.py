"""Who may see the live picture: the browser that somebody has allowed it to, until the time is up."""

from __future__ import annotations

import threading
from http import HTTPStatus

import pytest

from device.config.settings import Settings
from device.control.client import ask
from device.control.page_commands import StopFrames
from device.demo.harness import Harness
from tests.waiting import eventually
from tests.window.serving import Client, Serving
from window.pages import aim


@pytest.fixture
def allowed(browser: Client, box: Harness, settings: Settings) -> Client:
    """A browser that has seen the picture, and has left again."""
    asked = threading.Thread(target=lambda: browser.post("/aim/allow", {}))
    asked.start()
    eventually(lambda: box.status()["state"] == "asked")
    ask(settings.service.socket_path(), "pair")
    asked.join()
    assert sees(browser)
    return browser


def sees(browser: Client) -> bool:
    """Whether frames come."""
    lines = browser.lines("/frames")
    first = next(lines)
    lines.close()
    return "error" not in first


def test_who_comes_back_needs_no_other_press_and_nobody_else_sees_it(
    allowed: Client, window: Serving, box: Harness
) -> None:
    other = window.paired()
    assert not sees(other)
    assert "data-open" not in other.get("/aim").text
    eventually(lambda: box.status()["state"] != "watched")
    assert "data-open" in allowed.get("/aim").text
    assert allowed.post("/aim/allow", {}).json() == {"ok": True}
    assert box.status()["state"] != "asked"
    assert sees(allowed)


def test_a_browser_that_is_sent_away_while_it_watches_or_asks_sees_nothing_more(
    allowed: Client, browser: Client, window: Serving, box: Harness, settings: Settings
) -> None:
    lines = allowed.lines("/frames")
    assert "error" not in next(lines)
    other = window.paired()
    answers: list[int] = []
    asked = threading.Thread(target=lambda: answers.append(other.post("/aim/allow", {}).status))
    asked.start()
    eventually(lambda: box.status()["state"] == "asked")
    for known in list(window.window.browsers):
        window.window.browsers.send_away(known.key)
    ask(settings.service.socket_path(), "pair")
    asked.join()
    assert answers == [HTTPStatus.FORBIDDEN]
    assert list(lines)[-1] == {"error": aim.NOT_ALLOWED}
    assert other.get("/frames").status == allowed.get("/aim").status == HTTPStatus.FORBIDDEN


def test_who_closes_it_closes_it_for_good(allowed: Client) -> None:
    assert allowed.post("/aim/stop", {}).status == HTTPStatus.OK
    assert not sees(allowed)
    assert "data-open" not in allowed.get("/aim").text


def test_the_window_also_ends_it_when_the_time_is_up(
    allowed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = allowed.lines("/frames")
    assert "error" not in next(lines)
    monkeypatch.setattr(aim, "monotonic", lambda: 1e12)
    assert list(lines)[-1] == {"error": aim.NOT_ALLOWED}


def test_a_box_that_wants_another_press_gets_one(allowed: Client, box: Harness, settings: Settings) -> None:
    ask(settings.service.socket_path(), StopFrames())  # as after a restart of the box
    assert not sees(allowed)
    asked = threading.Thread(target=lambda: allowed.post("/aim/allow", {}))
    asked.start()
    eventually(lambda: box.status()["state"] == "asked")
    ask(settings.service.socket_path(), "pair")
    asked.join()
    assert sees(allowed)
