"""Whatever comes to any address: no 5xx, no traceback, nothing written but where it may be."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from tests.window.uploads.samples import sound
from window.access.browsers import form_token
from window.application import Window
from window.pages.actions import FROM_PAGES

OGG = sound("OGG")
PATHS = (
    "/",
    "/aim",
    "/aim/allow",
    "/aim/stop",
    "/browsers/",
    "/do",
    "/events",
    "/frames",
    "/health",
    "/journal",
    "/music",
    "/open/",
    "/pair",
    "/settings",
    "/static/",
    "/upload/",
    "/welcome",
)
NAMES = ("page.js", "style.css", "../main.py", "%2e%2e", "0123456789abcdef", "send-away", "x.ogg", "\0", "é")
OTHER_HEADERS = (
    "accept",
    "accept-language",
    "content-type",
    "content-length",
    "if-none-match",
    "user-agent",
    "sec-fetch-site",
    "transfer-encoding",
    "x-form-token",
    "cookie",
    "host",
    "origin",
)

segments = st.one_of(st.sampled_from(NAMES), st.text(max_size=20))
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
actions = st.fixed_dictionaries(
    {"do": st.sampled_from(sorted(FROM_PAGES))},
    optional=dict.fromkeys(("mood", "to", "steps", "uri", "key", "value", "after", "valence"), json_values),
)
bodies = st.one_of(
    actions.map(lambda each: json.dumps(each).encode()),
    json_values.map(lambda each: json.dumps(each).encode()),
    st.binary(max_size=200),
    st.just(OGG),
    st.just(b"[" * 20_000),
)
header_values = st.one_of(
    st.sampled_from(["application/json", "text/html", "0", "-1", "1e9", str(1 << 62), "de, en;q=0.5", "*/*"]),
    st.binary(max_size=40).map(lambda each: each.replace(b"\n", b"").replace(b"\r", b"").decode("latin-1")),
)


class Site:
    """An application with a box that agrees to everything, or to nothing, and all folders in one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.agrees = True
        (folder / "music" / "uploads").mkdir(parents=True)
        (folder / "window").mkdir()
        socket = folder / "box.sock"
        self.loop.run_until_complete(asyncio.start_unix_server(self._reply, socket))
        self.window = Window(
            socket=socket, state=folder / "window", uploads=folder / "music" / "uploads", reserve_bytes=0
        )
        self.secret = self.window.browsers.pair("Fuzz")
        self.addresses = 0

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A stand-in for the box, which has tests of its own for what it is asked."""
        await reader.readline()
        writer.write(b'{"ok": true}\n' if self.agrees else b'{"error": "no"}\n')
        writer.close()

    def ask(
        self, method: str, path: str, query: bytes, headers: dict[str, str], body: bytes, *, escaped: bool
    ) -> int:
        """Send a request, and return the status of the answer; an exception comes through."""
        self.addresses += 1
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path.encode("utf-8", "surrogateescape")).encode() if escaped else path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": [(name.encode(), each.encode("latin-1", "replace")) for name, each in headers.items()],
            "client": (f"10.0.{self.addresses >> 8 & 255}.{self.addresses & 255}", 1),
            "server": ("127.0.0.1", 80),
        }
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        statuses: list[int] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        self.loop.run_until_complete(asyncio.wait_for(self.window.app(scope, receive, send), 30))
        [status] = statuses
        return status


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("fuzz"))
    yield found
    found.loop.close()


@pytest.mark.fuzz
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "x"]),
    path=st.builds(lambda first, *rest: first + "/".join(rest), st.sampled_from(PATHS), segments, segments),
    query=st.binary(max_size=30),
    others=st.dictionaries(st.sampled_from(OTHER_HEADERS), header_values, max_size=4),
    body=bodies,
    known=st.booleans(),
    agrees=st.booleans(),
    escaped=st.booleans(),
)
def test_any_request_is_answered_without_a_fault_and_writes_nowhere_else(
    site: Site,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    query: bytes,
    others: dict[str, str],
    body: bytes,
    known: bool,
    agrees: bool,
    escaped: bool,
) -> None:
    secret = site.secret
    if site.window.browsers.find(secret) is None:  # it has sent itself away
        secret = site.secret = site.window.browsers.pair("Fuzz")
    own = {"host": "localhost", "origin": "http://localhost", "content-type": "application/json"}
    own |= {"cookie": f"moodbox={secret}", "x-form-token": form_token(secret)} if known else {}
    site.agrees = agrees
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        status = site.ask(
            method, path, query, own | {"content-length": str(len(body))} | others, body, escaped=escaped
        )
    assert 200 <= status < 500, caplog.text
    assert caplog.records == []
    found = {file.relative_to(site.folder).parts[0] for file in site.folder.rglob("*")}
    assert found == {"music", "window", "box.sock"}
    assert {file.name for file in (site.folder / "music").iterdir()} == {"uploads"}
    for file in (site.folder / "music" / "uploads").iterdir():
        assert file.suffix == ".ogg"
        file.unlink()
