"""The page Now on the real box, without a browser."""

from __future__ import annotations

import logging
import socket
from functools import partial
from http import HTTPStatus

import pytest

from device.demo.harness import Harness
from device.mpd.tone import player
from tests.waiting import eventually
from tests.window.serving import Client, Serving


@pytest.mark.usefixtures("sounding")
def test_the_page_tells_what_the_box_does_and_steers_it(
    browser: Client, box: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "SOUND_S", 0.1)  # of the test tone
    assert browser.get("/").status == HTTPStatus.OK
    events = browser.lines("/events")
    assert next(events)["mood"] == "happy"
    assert browser.post("/do", {"do": "set-mood", "mood": "sad"}).json() == {"ok": True}
    assert next(event for event in events if event["state"] == "by_hand")["chosen_for"] == {"sad": 1.0}
    assert browser.post("/do", {"do": "volume", "to": 30}).json() == {"ok": True, "volume": 30}
    assert browser.post("/do", {"do": "camera", "to": "off"}).json()["camera"] == "off"
    assert browser.post("/do", {"do": "camera", "to": "on"}).json()["camera"] == "on"
    assert browser.post("/do", {"do": "sleep", "minutes": 30}).json()["sleep_minutes"] == 30
    assert browser.post("/do", {"do": "wake", "to": "7:30"}).json()["wake"] == "07:30"
    assert browser.post("/do", {"do": "was", "mood": "neutral"}).json() == {"ok": True}
    eventually(lambda: box.status()["chosen_by"] == "correction")
    for request in ("pause", "play", "tone", "like", "skip", "never", "press"):
        eventually(partial(_is_done, browser, request))
    events.close()


def _is_done(browser: Client, request: str) -> bool:
    """The box knows of MPD's changes a moment later."""
    return browser.post("/do", {"do": request}).status == HTTPStatus.OK


def test_what_is_no_request_is_refused_by_the_boxs_own_table(browser: Client) -> None:
    for content in ({"do": "volume", "to": 400}, {"do": "was"}, {"do": "was", "mood": "x"}, {"do": 1}, {}):
        assert browser.post("/do", content).status == HTTPStatus.BAD_REQUEST
    assert browser.post("/do", {"do": "volume", "to": 400}).json() == {
        "error": "to: expected a whole number of at most 100"
    }


@pytest.mark.parametrize(
    "body",
    [b'{"do": ["status"]}', b'{"do": {"a": 1}}', b'{"do": "set-mood", "mood": "\\ud800"}',
     b'{"do": "status", "\\udfff": 1}', b'{"do": "volume", "to": NaN}', b"\xff", b"[" * 9999],
)  # fmt: skip
def test_a_body_that_is_no_request_is_refused_without_a_fault(alone: Serving, body: bytes) -> None:
    assert alone.paired().request("POST", "/do", body).status == HTTPStatus.BAD_REQUEST


def test_who_goes_before_the_request_has_come_in_leaves_no_fault(
    alone: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    browser = alone.paired()
    request = (
        f"POST /do HTTP/1.1\r\nHost: {browser.host}\r\nOrigin: http://{browser.host}\r\n"
        f"Cookie: moodbox={browser.cookie}\r\nX-Form-Token: {browser.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    with caplog.at_level(logging.DEBUG):
        with socket.create_connection(("127.0.0.1", browser.port), timeout=30) as connection:
            connection.sendall(request.encode())
            eventually(lambda: alone.server.server_state.tasks)
        eventually(lambda: not alone.server.server_state.tasks)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_browser_cannot_say_yes_in_place_of_the_button(browser: Client) -> None:
    for do in ("pair", "allow", "subscribe", "frames"):
        assert browser.post("/do", {"do": do, "what": "aim"}).status == HTTPStatus.BAD_REQUEST


def test_without_a_box_the_page_says_so(alone: Serving) -> None:
    browser = alone.paired()
    assert browser.get("/").status == HTTPStatus.OK
    answer = browser.post("/do", {"do": "press"})
    assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.json()["error"] == "the box does not run, or is just starting"
    assert next(browser.lines("/events")) == {"error": "the box does not run, or is just starting"}
