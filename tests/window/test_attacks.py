"""The box plays on and looks, whatever is done to its page."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import pytest

from device.box.commands import live_view
from device.config.settings import Settings
from device.control.client import ask
from device.demo.harness import Harness
from device.mood import Decision
from tests.waiting import eventually
from tests.window.serving import Client, Serving

FLOODS = (
    b"GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: moodbox=%s\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: moodbox=%s\r\n\r\n" * 20,
    b"POST /do HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 9\r\n\r\n",
    b"\x00" * 1000,
)


@contextmanager
def flood(window: Serving, browser: Client) -> Iterator[None]:
    """A thousand connections, of which nobody reads any, again and again."""
    ended = threading.Event()

    def attack() -> None:
        while not ended.is_set():
            with ExitStack() as stack:
                for number in range(1000):
                    lines = FLOODS[number % len(FLOODS)]
                    with suppress(OSError):  # it was refused
                        opened = socket.create_connection(("127.0.0.1", window.port), timeout=30)
                        stack.enter_context(opened)
                        opened.sendall(lines.replace(b"%s", browser.cookie.encode()))
                    if ended.is_set():
                        return

    thread = threading.Thread(target=attack)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def has_looked_again(box: Harness, before: Decision | None) -> bool:
    """Tell whether there is another decision, which may be the same."""
    return box.state.decision is not None and box.state.decision is not before


def test_the_box_looks_and_plays_while_its_page_is_flooded(
    window: Serving, browser: Client, box: Harness
) -> None:
    eventually(lambda: box.status()["playing"] == "play")
    with flood(window, browser):
        for _ in range(3):
            before = box.state.decision
            box.press()
            eventually(partial(has_looked_again, box, before))
        status = box.status()
    assert (status["playing"], status["mood"], status["trouble"]) == ("play", "happy", {})
    eventually(browser.is_served, pause=0.2)


@pytest.fixture
def watched(box: Harness, window: Serving, browser: Client, settings: Settings) -> Iterator[Client]:
    """A browser that may see the live picture."""
    path = settings.service.socket_path()
    asked = threading.Thread(target=lambda: browser.post("/aim/allow", {}))
    asked.start()
    eventually(lambda: box.status()["state"] == "asked")
    ask(path, "pair")
    asked.join()
    yield browser
    eventually(lambda: box.status()["state"] != "watched")


def test_who_does_not_read_the_frames_holds_up_nobody(
    window: Serving, box: Harness, watched: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_view, "INTERVAL_S", 0.02)
    with socket.create_connection(("127.0.0.1", window.port), timeout=30) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(
            f"GET /frames HTTP/1.1\r\nHost: localhost\r\nCookie: moodbox={watched.cookie}\r\n\r\n".encode()
        )
        frames = watched.lines("/frames")
        for _ in range(12):
            assert "error" not in next(frames)
        assert box.status()["trouble"] == {}
        frames.close()
    assert watched.post("/aim/stop", {}).json() == {"ok": True}
