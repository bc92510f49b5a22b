"""What the owner says of the song that plays, at a real MPD."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.config.settings import Settings
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.playback.memory import Memory
from tests.device.box.helpers import PictureSequence, plays
from tests.device.playback.conftest import start_without
from tests.waiting import eventually


def say(settings: Settings, word: str) -> dict[str, Any]:
    return ask(settings.service.socket_path(), word)


def playing(library: PrivateMpd) -> str:
    uri: str = library.client().currentsong().get("file", "")
    return uri


def test_a_liked_song_has_the_sticker_of_other_clients(
    harness: Harness, settings: Settings, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    assert say(settings, "like") == {"ok": True, "song": harness.status()["song"]}
    assert library.client().sticker_get("song", playing(library), "like") == "2"


def test_a_song_that_must_never_play_again_is_skipped_and_not_chosen_again(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (library.playlists / "happy.m3u").write_text("happy/01.ogg\nhappy/02.ogg\n")
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        uri, song = playing(library), harness.status()["song"]
        assert say(settings, "never") == {"ok": True, "song": song, "uri": uri}
        assert f"never again: {song}" in caplog.messages
        eventually(lambda: playing(library) not in ("", uri))
    with harness_for(settings, camera) as harness:  # and in the next box
        assert harness.wait_for_decision(60)  # of the look at the start
        for _ in range(3):
            harness.press()
            assert harness.wait_for_observation(60)
            assert harness.wait_for_decision(60)
            plays(harness, "Disco")
            assert playing(library) != uri
    with closing(Memory.open(settings.service.state_path())) as memory:
        assert memory.excluded() == {uri}


def test_a_song_of_somebody_else_is_meant_as_well(
    harness: Harness, settings: Settings, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    other = library.client()
    other.add("sad/01.ogg")
    other.add("sad/02.ogg")
    other.play(int(other.status()["playlistlength"]) - 2)
    plays(harness, "Blues 1")
    say(settings, "never")
    plays(harness, "Blues 2")


@pytest.mark.parametrize("word", ["like", "never"])
def test_without_a_song_or_an_mpd_that_is_said(
    settings: Settings, wall: Path, library: PrivateMpd, word: str
) -> None:
    with harness_for(settings, PictureSequence(wall)) as harness:
        eventually(lambda: harness.status()["playing"] == "stop")
        with pytest.raises(ServiceError, match="no song plays"):
            say(settings, word)
        library.stop()
        eventually(lambda: harness.status()["playing"] is None)
        with pytest.raises(ServiceError, match="MPD is not reachable"):
            say(settings, word)


def test_without_a_sticker_database_the_answer_names_the_remedy(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    start_without(library, "sticker_file")
    with harness_for(settings, camera) as harness:
        plays(harness, "Disco")
        with pytest.raises(ServiceError, match=r"sticker_file in mpd\.conf"):
            say(settings, "like")
        assert harness.status()["trouble"] == {}


def test_with_stickers_switched_off_the_answer_names_the_setting(
    settings: Settings, camera: PictureSequence, library: PrivateMpd
) -> None:
    music = msgspec.structs.replace(settings.music, stickers=False)
    with harness_for(msgspec.structs.replace(settings, music=music), camera) as harness:
        plays(harness, "Disco")
        with pytest.raises(ServiceError, match=r"music\.stickers is false"):
            say(settings, "like")


def test_what_mpd_refuses_is_said(harness: Harness, settings: Settings, library: PrivateMpd) -> None:
    plays(harness, "Disco")
    (library.music / playing(library)).unlink()
    library.update()
    with pytest.raises(ServiceError, match="MPD refuses"):
        say(settings, "like")


@contextmanager
def stream_of(file: Path) -> Iterator[str]:
    """A web server that streams a file."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(file.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{file.name}"
        server.shutdown()


def test_a_stream_cannot_be_liked_but_excluded(
    settings: Settings, camera: PictureSequence, library: PrivateMpd, silence: Path
) -> None:
    with stream_of(silence) as uri:
        (library.playlists / "happy.m3u").write_text(f"{uri}\n")
        with harness_for(settings, camera) as harness:
            eventually(lambda: playing(library) == uri and harness.status()["playing"] == "play")
            with pytest.raises(ServiceError, match="a stream cannot be liked"):
                say(settings, "like")
            say(settings, "never")
            eventually(lambda: playing(library).startswith("happy/"))


def test_a_disk_that_cannot_keep_it_is_said(
    harness: Harness, settings: Settings, library: PrivateMpd
) -> None:
    plays(harness, "Disco")
    before = playing(library)
    (settings.service.state_path() / "moodbox.db").unlink()
    with pytest.raises(ServiceError, match="cannot remember"):
        say(settings, "never")
    eventually(lambda: playing(library) not in ("", before))
