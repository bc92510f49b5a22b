"""A window that serves on a port of its own, and a client that does what a browser does."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import eventually
from window.application import Window
from window.main import server_for
from window.server.ending import PageServer


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Client:
    """Speaks HTTP with a window. It keeps the cookie and the form's token, as a browser and its page do."""

    port: int
    cookie: str = ""
    token: str = ""
    host: str = field(default="")

    def __post_init__(self) -> None:
        self.host = self.host or f"127.0.0.1:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Send a request. A header that is None is left out, any other replaces a browser's own."""
        sent: dict[str, str | None] = {"Host": self.host, "Accept": "text/html, */*", "Connection": "close"}
        if self.cookie:
            sent["Cookie"] = f"moodbox={self.cookie}"
        if method not in ("GET", "HEAD"):
            sent |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
            sent["X-Form-Token"] = self.token
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if body is not None and "Content-Length" not in sent:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def is_served(self) -> bool:
        """Tell whether the page Now comes; while there are too many connections, this one is refused."""
        try:
            return self.get("/").status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str, **headers: str | None) -> Answer:
        """Get a page."""
        return self.request(
            "GET", path, headers={name.replace("_", "-"): each for name, each in headers.items()}
        )

    def post(self, path: str, content: object, **headers: str | None) -> Answer:
        """Send JSON."""
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        return self.request("POST", path, json.dumps(content).encode(), named)

    def open_link(self, path: str) -> None:
        """Open a link that pairs, and read the page behind it."""
        assert self.get(path).status == 200
        answer = self.post(path, {})
        assert answer.status == 200
        self.cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        self.read_token()

    def read_token(self) -> None:
        """Take the form's token out of a page, as its script does."""
        found = re.search(r'name="form-token" content="(\w*)"', self.get("/").text)
        assert found
        self.token = found[1]

    def lines(self, path: str) -> Generator[Any, None, None]:
        """Yield the events of a stream."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": self.host, "Cookie": f"moodbox={self.cookie}"})
            response = connection.getresponse()
            assert response.status == 200, response.read()
            while line := response.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()


@dataclass
class Serving:
    """A window that serves."""

    window: Window
    port: int
    server: PageServer

    def stranger(self) -> Client:
        """A browser that is not paired."""
        return Client(self.port)

    def paired(self) -> Client:
        """A browser that is."""
        client = Client(self.port)
        client.open_link(self.window.pairing.new_link())
        return client


@contextmanager
def serving(box_socket: Path, state: Path, **options: Any) -> Iterator[Serving]:
    """Run a window on a thread."""
    state.mkdir(parents=True, exist_ok=True)
    window = Window(socket=box_socket, state=state, **options)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = server_for(window)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), name="window")
    thread.start()
    try:
        eventually(lambda: server.started or not thread.is_alive())
        yield Serving(window, port, server)
    finally:
        server.end()
        thread.join(timeout=60)
        assert not thread.is_alive()
