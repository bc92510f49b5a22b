"""The program whose instructions `python -m tests.arm64.page` counts: the page answers, without a network.

It runs on the emulated arm64. It prints a line for each thing that it does, and makes the system call MARK
before and after it.
"""

from __future__ import annotations

import asyncio
import ctypes
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

MARK = 4242  # as in plugin.c
PAGES = ("/", "/aim", "/music", "/settings", "/health", "/static/style.css", "/static/page.js")
FRAME_BYTES = 25_000  # of base64, as of a frame of 320x240

mark = ctypes.CDLL(None).syscall


def counted(name: str, action: Callable[[], Any]) -> Any:
    """Do something between two marks."""
    mark(MARK)
    result = action()
    mark(MARK)
    print(name)
    return result


def main() -> None:
    """Start, and answer each page twice: the first time also loads and compiles its template."""
    with tempfile.TemporaryDirectory() as folder:
        window = counted("start", lambda: start(Path(folder)))
        secret = window.browsers.pair("arm64")
        for path in PAGES:
            counted(f"{path} first", partial(answer, window, path, secret))
        for path in PAGES:
            counted(f"{path} again", partial(answer, window, path, secret))
        from window.pages.streams import event

        counted("frame", lambda: event({"jpeg": "x" * FRAME_BYTES, "probabilities": {"happy": 0.5}}))


def start(folder: Path) -> Any:
    """Load everything, and put the application together."""
    from window.application import Window
    from window.main import server_for

    window = Window(socket=folder / "no.sock", state=folder)
    server_for(window).config.load()
    return window


def answer(window: Any, path: str, secret: str) -> None:
    """Answer one request, from the headers to the body."""
    headers = [(b"host", b"localhost"), (b"cookie", f"moodbox={secret}".encode()), (b"accept", b"text/html")]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status"))

    asyncio.run(window.app(scope, receive, send))
    assert statuses[0] == 200, statuses


if __name__ == "__main__":
    main()
