"""How a browser is let in."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from device.box.commands import consent
from device.demo.harness import Harness
from tests.waiting import eventually
from tests.window.serving import Serving
from window.pages.pairing import ATTEMPTS, name_of


def test_without_a_box_nobody_is_let_in_and_no_attempt_counts(alone: Serving) -> None:
    client = alone.stranger()
    assert client.get("/pair").status == HTTPStatus.OK
    for _ in range(ATTEMPTS + 1):
        answer = client.post("/pair", {})
        assert answer.status == HTTPStatus.CONFLICT
        assert "set-cookie" not in answer.headers
    assert len(alone.window.browsers) == 0


def test_after_some_attempts_without_a_press_one_has_to_wait(
    window: Serving, box: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "CONSENT_S", 0.05)
    client = window.stranger()
    found = [client.post("/pair", {}).status for _ in range(ATTEMPTS + 1)]
    assert found == [HTTPStatus.CONFLICT] * ATTEMPTS + [HTTPStatus.TOO_MANY_REQUESTS]
    before = box.state.decision
    box.press()  # is for a look, and lets nobody in
    eventually(lambda: box.state.decision is not None and box.state.decision is not before)
    assert len(window.window.browsers) == 0


def test_another_site_cannot_ask_for_it(alone: Serving) -> None:
    assert alone.stranger().post("/pair", {}, Origin="http://evil.example").status == HTTPStatus.FORBIDDEN


def test_a_link_lets_one_browser_in_and_no_second(alone: Serving) -> None:
    link = alone.window.pairing.new_link()
    first, second = alone.stranger(), alone.stranger()
    assert second.get(link + "x").status == HTTPStatus.FORBIDDEN
    first.open_link(link)
    assert first.get("/").status == HTTPStatus.OK
    assert second.get(link).status == HTTPStatus.FORBIDDEN
    assert second.post(link, {}).status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_who_only_looks_at_a_link_does_not_use_it(alone: Serving, method: str) -> None:
    link = alone.window.pairing.new_link()
    preview = alone.stranger().request(method, link)
    assert preview.status == HTTPStatus.OK
    assert "set-cookie" not in preview.headers
    alone.stranger().open_link(link)
    assert len(alone.window.browsers) == 1


def test_another_site_cannot_use_a_link(alone: Serving) -> None:
    link = alone.window.pairing.new_link()
    assert alone.stranger().post(link, {}, Origin="http://evil.example").status == HTTPStatus.FORBIDDEN
    alone.stranger().open_link(link)


def test_the_cookie_is_kept_from_scripts_and_other_sites(alone: Serving) -> None:
    cookie = alone.stranger().post(alone.window.pairing.new_link(), {}).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("<script>", "Browser"),
    ],
)  # fmt: skip
def test_a_browser_is_listed_by_a_short_name(user_agent: str, name: str) -> None:
    assert name_of(user_agent) == name
