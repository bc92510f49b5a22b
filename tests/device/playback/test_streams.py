"""Streams in a mood's playlist, from a real web server to a real MPD."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from device.demo.server import PrivateMpd
from device.mood import Mood
from tests.device.estimates import certain
from tests.device.playback.conftest import ControllerHarness

USER = "somebody:secret"


class Radio(ThreadingHTTPServer):
    """Sends a song to whoever knows the password."""

    daemon_threads = True

    def __init__(self, song: Path) -> None:
        super().__init__(("127.0.0.1", 0), RadioHandler)
        self.song = song.read_bytes()

    def url(self, user: str = "") -> str:
        return f"http://{user}{'@' if user else ''}127.0.0.1:{self.server_port}/radio.ogg"


class RadioHandler(BaseHTTPRequestHandler):
    server: Radio

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Basic {base64.b64encode(USER.encode()).decode()}":
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Basic realm="radio"')
            self.end_headers()
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "audio/ogg")
        self.end_headers()
        self.wfile.write(self.server.song)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def radio(silence: Path) -> Iterator[Radio]:
    with Radio(silence) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_stream_with_a_password_plays_and_is_replaced_as_the_boxs_own(
    library: PrivateMpd, harness: ControllerHarness, radio: Radio
) -> None:
    (library.playlists / "sad.m3u").write_text(f"nowhere.ogg\n{radio.url(USER)}\n")
    client = library.client()
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: float(client.status().get("elapsed", 0)) > 0)
    harness.wait_until(lambda: harness.playing == radio.url())
    assert not harness.health.trouble
    harness.playback.play(certain(Mood.HAPPY))
    harness.wait_until(lambda: harness.plays(Mood.HAPPY) and radio.url() not in harness.queue)
