"""What the window refuses: other names, other origins, strangers, too much, too often."""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from tests.window.serving import Client, Serving, serving
from window.access import guard
from window.access.guard import MAX_BODY_BYTES, secret_in

PAGES = ("/", "/events", "/static/now.js", "/nothing", "/static/../main.py", "/static/%2e%2e/main.py")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_sees_only_how_to_pair(alone: Serving, path: str) -> None:
    answer = alone.stranger().get(path)
    assert answer.status == HTTPStatus.FORBIDDEN
    assert "Let this browser in" in answer.text


def test_what_is_no_page_is_refused_to_a_stranger_in_json(alone: Serving) -> None:
    answer = alone.stranger().post("/do", {"do": "press"})
    assert answer.status == HTTPStatus.FORBIDDEN
    assert answer.json() == {"error": "This browser is not paired with the box."}


@pytest.mark.parametrize("cookie", ["x", "", "é", "a" * 4000, '"\\"', "; moodbox=1", "\x7f"])
def test_a_cookie_that_was_made_up_is_a_strangers(alone: Serving, cookie: str) -> None:
    client = alone.stranger()
    answer = client.get("/", Cookie=f"moodbox={cookie}".encode().decode("latin-1"))
    assert answer.status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    "others",
    ['prefs={"theme": "dark"}', 'open="x', "a=b c", "list[]=1", "expires=1", "a", "=x", "é=é", "a=1,b=2"],
)  # fmt: skip
def test_a_paired_browser_may_have_cookies_of_other_programs_on_this_machine(
    alone: Serving, others: str
) -> None:
    client = alone.paired()
    for cookies in (f"{others}; moodbox={client.cookie}", f'moodbox="{client.cookie}"; {others}'):
        answer = client.get("/", Cookie=cookies.encode().decode("latin-1"))
        assert answer.status == HTTPStatus.OK
        assert f"moodbox={client.cookie};" in answer.headers["set-cookie"]  # it lasts for longer again


def test_a_long_cookie_of_a_stranger_keeps_nobody_waiting() -> None:
    """Python's own reader of cookies needs a time that grows with the square of their length."""
    for length in (1000, 16000):
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        headers = Headers({"cookie": 'moodbox="' + "\\" * length + '"'})
        sys.setprofile(count)
        try:
            assert secret_in(headers) == "\\" * length
        finally:
            sys.setprofile(None)
        assert calls < 100


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.7", "", "[::1]", "x@127.0.0.1"]
)
def test_a_name_that_is_not_the_boxs_is_refused_even_to_a_paired_browser(alone: Serving, host: str) -> None:
    """As when another site has its name point here, to be let in as the box's own page (DNS rebinding)."""
    assert alone.paired().get("/", Host=host).status == HTTPStatus.MISDIRECTED_REQUEST


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1"])
def test_the_boxs_own_names_are_not(alone: Serving, host: str) -> None:
    assert alone.paired().get("/", Host=host).status == HTTPStatus.OK


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Form-Token": None},
        {"X-Form-Token": "0" * 64},
        {"X-Form-Token": "\xff"},
    ],
)
def test_a_change_that_another_site_sends_is_refused(alone: Serving, headers: dict[str, str | None]) -> None:
    client = alone.paired()
    assert client.request("POST", "/do", b'{"do": "press"}', headers).status == HTTPStatus.FORBIDDEN


def test_a_form_of_another_kind_is_not_read(alone: Serving) -> None:
    answer = alone.paired().post("/do", {"do": "press"}, Content_Type="text/plain")
    assert answer.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_a_body_that_is_too_large_is_refused_before_it_has_come_in(alone: Serving) -> None:
    client = alone.paired()
    headers: dict[str, str | None] = {"Content-Length": str(10 << 30)}
    answer = client.request("POST", "/do", b" " * (2 * MAX_BODY_BYTES), headers)
    assert answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def test_who_asks_all_the_time_has_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REQUESTS_PER_S", 0)
    with serving(tmp_path / "no-box.sock", tmp_path / "window") as window:
        client = window.paired()
        found = [client.get("/static/icon.svg").status for _ in range(guard.BURST)]
    assert found[0] == HTTPStatus.OK
    assert found[-1] == HTTPStatus.TOO_MANY_REQUESTS


def test_no_page_goes_into_another_sites_frame_or_loads_anything_from_elsewhere(alone: Serving) -> None:
    for client, path in ((alone.stranger(), "/pair"), (alone.paired(), "/"), (alone.stranger(), "/x")):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_not_used(alone: Serving, method: str) -> None:
    assert alone.paired().request(method, "/").status == HTTPStatus.METHOD_NOT_ALLOWED


def test_a_browser_that_was_sent_away_is_a_stranger(alone: Serving) -> None:
    client, other = alone.paired(), alone.paired()
    first, _ = sorted(alone.window.browsers, key=lambda each: each.key == _key(alone, other))
    assert alone.window.browsers.send_away(first.key)
    assert client.get("/").status == HTTPStatus.FORBIDDEN
    assert client.post("/do", {"do": "press"}).status == HTTPStatus.FORBIDDEN
    assert other.get("/").status == HTTPStatus.OK


def _key(serving: Serving, client: Client) -> str:
    found = serving.window.browsers.find(client.cookie)
    assert found
    return found.key
