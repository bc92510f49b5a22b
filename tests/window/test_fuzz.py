"""Whatever comes to any address: no 5xx, no traceback, nothing written but where it may be."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from tests.device.fuzzing import FUZZING
from tests.window.uploads.samples import sound
from window.access.browsers import form_token
from window.application import Window
from window.pages import pairing
from window.pages.actions import FROM_PAGES

REQUESTS = 10_000 if FUZZING else 40
"""To each address."""
OGG = sound("OGG")
PATHS = Window(socket=Path("/nowhere"), state=Path("/nowhere")).paths
UNKNOWN = "unknown"
RIGHT_BODIES = {"/upload/{name}": OGG, "/do": b'{"do": "press"}'}
OWN_KEY, OWN_LINK = "OWN-KEY", "OWN-LINK"
"""Stand for the browser's key and a link that lets one in, which are known only once the test runs."""
RIGHT = {"/open/": OWN_LINK, "/upload/": "x.ogg", "/browsers/": OWN_KEY, "/static/": "page.js"}
"""What leads somewhere, where the address varies."""
NAMES = (*RIGHT.values(), "../main.py", "..", "%2e%2e", "a/b", "\0", "é", "0123456789abcdef", "x" * 3000)
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
REPLIES = (
    b'{"ok": true}\n',
    b'{"ok": true}\n{"state": "mood", "jpeg": null, "hints": []}\n',
    b'{"error": "no"}\n',
    b'{"error": null}\n{"error": 1}\n',
)
"""Of the box."""
OTHER_REPLIES = (b"[]\n", b"{\n", b"\xff\n", b"[" * 100_000 + b"\n", b"")
"""Of something else at its socket."""

names = st.one_of(st.sampled_from(NAMES), st.text(max_size=20))
texts = st.text(st.characters(codec=None, categories=None), max_size=20)  # halves of characters, too
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
actions = st.fixed_dictionaries(
    {"do": st.sampled_from(sorted(FROM_PAGES)) | json_values},
    optional=dict.fromkeys(
        ("mood", "to", "steps", "minutes", "uri", "uris", "key", "value", "after", "valence", "energy"),
        st.one_of(json_values, st.sampled_from(["happy", "off", "x", 0.5, 30])),
    ),
)
bodies = st.one_of(
    actions.map(lambda each: json.dumps(each).encode()),
    json_values.map(lambda each: json.dumps(each).encode()),
    st.binary(max_size=200),
    st.just(OGG),
    st.just(b"[" * 15_000),
    st.just(b" " * 20_000),
)
header_values = st.one_of(
    st.sampled_from(["application/json", "text/html", "0", "-1", "1e9", str(1 << 62), "de, en;q=0.5", "*/*"]),
    st.binary(max_size=40).map(lambda each: each.replace(b"\n", b"").replace(b"\r", b"").decode("latin-1")),
)
headers: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.dictionaries(st.sampled_from(OTHER_HEADERS), header_values, min_size=1, max_size=4)
)
unknown_addresses = st.builds(
    lambda first, *rest: re.sub(r"{\w+}", "", first) + "/".join(rest),
    st.sampled_from(sorted(PATHS)),
    names,
    names,
)


def to(path: str) -> st.SearchStrategy[str]:
    """Make addresses of this form; of `UNKNOWN`, those that hardly lead anywhere."""
    if path == UNKNOWN:
        return unknown_addresses
    before, varies, after = re.split(r"({\w+})|$", path, maxsplit=1)
    if not varies:
        return st.just(path)
    return st.one_of(st.just(RIGHT[before]), names).map(lambda name: f"{before}{name}{after}")


def _received(headers: dict[str, str], body: bytes) -> bytes:
    """Return what the server hands on: never more than the header says; what follows is another request."""
    length = headers.get("content-length", "")
    return body[: int(length)] if length.isascii() and length.isdigit() and len(length) < 10 else body


def by(path: str) -> st.SearchStrategy[str]:
    """Make methods, half of them those that the address has."""
    any_method = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "x"])
    return st.one_of(st.sampled_from(sorted(PATHS[path])), any_method) if path in PATHS else any_method


class Site:
    """An application with a box that replies as it is told to, and all folders in one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.reply = REPLIES[0]
        (folder / "music" / "uploads").mkdir(parents=True)
        (folder / "window").mkdir()
        socket = folder / "box.sock"
        self.loop.run_until_complete(asyncio.start_unix_server(self._reply, socket))
        self.window = Window(
            socket=socket, state=folder / "window", uploads=folder / "music" / "uploads", reserve_bytes=0
        )
        self.secret = self.window.browsers.pair("Fuzz")
        self.link = self.window.pairing.new_link()
        self.window.pairing.on_link_used = self._renew_link
        self.addresses = 0

    def _renew_link(self) -> None:
        self.link = self.window.pairing.new_link()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A stand-in for the box, which has tests of its own for what it is asked."""
        await reader.readline()
        writer.write(self.reply)
        writer.close()

    def path(self, path: str) -> str:
        """Put in what is known only now."""
        browser = self.window.browsers.find(self.secret)
        if browser is None:  # it has sent itself away, or others have taken its place
            self.secret = self.window.browsers.pair("Fuzz")
            browser = self.window.browsers.find(self.secret)
        assert browser
        return path.replace(OWN_KEY, browser.key).replace(OWN_LINK, self.link.removeprefix("/open/"))

    def ask(
        self, method: str, path: str, query: bytes, headers: dict[str, str], body: bytes, *, escaped: bool
    ) -> int:
        """Send a request, and return the status of the answer; an exception comes through.

        The browser goes away after the second part of a stream.
        """
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
        parts: list[bytes] = []
        answered = asyncio.Event()

        async def receive() -> Message:
            if waiting:
                return waiting.pop(0)
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                return
            parts.append(message.get("body", b""))
            if len(parts) > 1 or not message.get("more_body", False):
                answered.set()

        self.loop.run_until_complete(asyncio.wait_for(self.window.app(scope, receive, send), 30))
        [status] = statuses
        return status

    def assert_nothing_is_written_elsewhere(self) -> None:
        """Songs go into their folder, and their names follow from what they are; they are removed again."""
        found = {file.relative_to(self.folder).parts[0] for file in self.folder.rglob("*")}
        assert found == {"music", "window", "box.sock"}
        assert {file.name for file in (self.folder / "window").iterdir()} <= {"browsers.json"}
        assert {file.name for file in (self.folder / "music").iterdir()} == {"uploads"}
        for file in (self.folder / "music" / "uploads").iterdir():
            assert file.suffix == ".ogg"
            file.unlink()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "ATTEMPTS", 1 << 30)  # or else nearly all are refused for being too many
        found = Site(tmp_path_factory.mktemp("fuzz"))
    yield found
    found.loop.close()


@pytest.mark.fuzz
@pytest.mark.parametrize("to_path", [*PATHS, UNKNOWN])
def test_any_request_is_answered_without_a_fault_and_writes_nowhere_else(
    site: Site, caplog: pytest.LogCaptureFixture, to_path: str
) -> None:
    statuses: set[int] = set()

    @settings(max_examples=REQUESTS, suppress_health_check=list(HealthCheck))
    @given(
        method=by(to_path),
        path=to(to_path),
        query=st.one_of(st.just(b""), st.binary(max_size=30)),
        others=headers,
        body=st.one_of(st.just(RIGHT_BODIES.get(to_path, b"")), bodies),
        known=st.sampled_from([True, True, False]),
        reply=st.sampled_from([*REPLIES, *OTHER_REPLIES]),
        escaped=st.booleans(),
    )
    def each(
        method: str,
        path: str,
        query: bytes,
        others: dict[str, str],
        body: bytes,
        known: bool,
        reply: bytes,
        escaped: bool,
    ) -> None:
        path = site.path(path)
        own = {"host": "localhost", "origin": "http://localhost", "content-type": "application/json"}
        own |= {"cookie": f"moodbox={site.secret}", "x-form-token": form_token(site.secret)} if known else {}
        own |= {"content-length": str(len(body))} if body or method not in ("GET", "HEAD") else {}
        site.reply = reply
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            headers = own | others
            status = site.ask(method, path, query, headers, _received(headers, body), escaped=escaped)
        without_a_box = {HTTPStatus.SERVICE_UNAVAILABLE} if reply in OTHER_REPLIES else set()
        assert 200 <= status < 500 or status in without_a_box, caplog.text
        assert caplog.records == []
        site.assert_nothing_is_written_elsewhere()
        statuses.add(status)

    each()
    if to_path != UNKNOWN:
        assert min(statuses) < 400, "no request got as far as the page itself"
