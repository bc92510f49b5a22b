"""The connection to a real MPD that is started, stopped, killed and made to hang."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import mutagen
import pytest

from device.demo.server import PrivateMpd
from device.errors import PlayerError
from device.mood import Mood
from device.music import player
from device.music.link import connected
from device.music.player import (
    LibraryChanged,
    Player,
    PlayerChanged,
    PlayerDown,
    PlayerUp,
    SongsFound,
    SongsQueued,
)
from device.music.queue import Snapshot
from device.settings import Music, Settings
from tests.device.conftest import AddSong

T = TypeVar("T")

# A sound card that can be unplugged: it takes a tenth of a second's sound at a time while its plug is in.
SPEAKER = """type "pipe"
command "while test -e {plug} && test $(head -c 17640 | wc -c) -gt 0; do sleep .1; done"
format "44100:16:2"
"""


class Heard:
    """What a player posts, in order."""

    def __init__(self) -> None:
        self.events: SimpleQueue[Any] = SimpleQueue()

    def next(self, kind: type[T]) -> T:
        while True:
            event = self.events.get(timeout=60)
            if isinstance(event, kind):
                return event

    def until(self, happened: Callable[[Snapshot], bool]) -> None:
        while not happened(self.next(PlayerChanged).snapshot):
            pass


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def link(settings: Settings, heard: Heard) -> Iterator[Player]:
    made = Player(settings.music, heard.events.put)
    made.start()
    yield made
    made.close()


def test_it_says_when_mpd_answers(library: PrivateMpd, link: Player, heard: Heard) -> None:
    assert heard.next(PlayerUp).snapshot.state == "stop"


def test_it_finds_the_songs_of_the_playlist_with_the_moods_name(
    library: PrivateMpd, link: Player, heard: Heard
) -> None:
    (library.playlists / "Sad.m3u").write_text("sad/01.ogg\nsad/02.ogg\n")
    heard.next(PlayerUp)
    link.find(Mood.SAD)
    found = heard.next(SongsFound)
    assert found.mood is Mood.SAD
    assert found.picked == ("sad/01.ogg", "sad/02.ogg")


def test_new_songs_play_in_place_of_the_old_ones(library: PrivateMpd, link: Player, heard: Heard) -> None:
    heard.next(PlayerUp)
    link.play(Mood.SAD, ["sad/01.ogg", "sad/02.ogg"], instead_of=())
    old = heard.next(SongsQueued).entries
    link.play(Mood.HAPPY, ["happy/01.ogg"], instead_of=old)
    queued = heard.next(SongsQueued)
    (new,) = queued.entries
    assert (queued.mood, queued.play) == (Mood.HAPPY, True)
    snapshot = heard.next(PlayerChanged).snapshot
    while snapshot.queue != (new,):
        snapshot = heard.next(PlayerChanged).snapshot
    assert (snapshot.state, snapshot.current, snapshot.title) == ("play", new, "Somebody - Disco 1")


def test_what_others_do_at_mpd_is_heard(library: PrivateMpd, link: Player, heard: Heard) -> None:
    heard.next(PlayerUp)
    other = library.client()
    other.add("sad/01.ogg")
    assert [entry.uri for entry in heard.next(PlayerChanged).snapshot.queue] == ["sad/01.ogg"]
    other.play()
    assert heard.next(PlayerChanged).snapshot.state == "play"


def test_a_change_of_the_library_is_heard(
    library: PrivateMpd, link: Player, heard: Heard, add_song: AddSong
) -> None:
    heard.next(PlayerUp)
    add_song("new.ogg")
    library.update()
    heard.next(LibraryChanged)


def output_is(library: PrivateMpd, output: str) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text().replace('type "null"', output))
    library.start()


def test_a_song_that_has_vanished_is_passed_over(library: PrivateMpd, link: Player, heard: Heard) -> None:
    heard.next(PlayerUp)
    link.play(Mood.SAD, ["gone.ogg", "sad/01.ogg"], instead_of=())
    assert [entry.uri for entry in heard.next(SongsQueued).entries] == ["sad/01.ogg"]


def test_mpd_may_start_later(tmp_path: Any, link: Player, heard: Heard) -> None:
    assert "is not running: sudo systemctl start mpd" in heard.next(PlayerDown).reason
    with PrivateMpd(tmp_path):
        heard.next(PlayerUp)


def test_it_notices_that_mpd_was_killed_and_comes_back(
    library: PrivateMpd, link: Player, heard: Heard
) -> None:
    heard.next(PlayerUp)
    library.kill()
    heard.next(PlayerDown)
    library.start()
    heard.next(PlayerUp)
    link.find(Mood.SAD)
    heard.next(SongsFound)


def test_an_mpd_that_hangs_counts_as_gone_until_it_answers(
    library: PrivateMpd, link: Player, heard: Heard
) -> None:
    heard.next(PlayerUp)
    os.kill(library.pid, signal.SIGSTOP)
    try:
        link.find(Mood.SAD)
        assert "does not answer" in heard.next(PlayerDown).reason
    finally:
        os.kill(library.pid, signal.SIGCONT)
    heard.next(PlayerUp)


def test_a_hang_is_noticed_even_if_nothing_is_asked(
    library: PrivateMpd, settings: Settings, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "PROBE", 0.1)
    link = Player(settings.music, heard.events.put)
    link.start()
    heard.next(PlayerUp)
    os.kill(library.pid, signal.SIGSTOP)
    try:
        heard.next(PlayerDown)
    finally:
        os.kill(library.pid, signal.SIGCONT)
        link.close()


def test_sound_that_fails_is_tried_again_until_it_plays(
    library: PrivateMpd, settings: Settings, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "MUTE_PAUSE", 0.2)
    plug = tmp_path / "plug"
    plug.touch()
    output_is(library, SPEAKER.format(plug=plug))
    link = Player(settings.music, heard.events.put)
    link.start()
    try:
        heard.next(PlayerUp)
        link.play(Mood.SAD, ["sad/01.ogg", "sad/02.ogg"], instead_of=())
        heard.until(lambda now: now.state == "play")
        plug.unlink()
        heard.until(lambda now: now.is_mute)
        plug.touch()
        heard.until(lambda now: now.state == "play" and not now.error)
    finally:
        link.close()


def test_who_pauses_is_left_alone(
    library: PrivateMpd, settings: Settings, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "MUTE_PAUSE", 0.05)
    monkeypatch.setattr(player, "PROBE", 0.05)
    link = Player(settings.music, heard.events.put)
    link.start()
    try:
        heard.next(PlayerUp)
        link.play(Mood.SAD, ["sad/01.ogg"], instead_of=())
        heard.until(lambda now: now.state == "play")
        library.client().pause(1)
        heard.until(lambda now: now.state == "pause")
        time.sleep(0.5)
        assert library.client().status()["state"] == "pause"
    finally:
        link.close()


def test_closing_leaves_mpd_playing(library: PrivateMpd, link: Player, heard: Heard) -> None:
    heard.next(PlayerUp)
    link.play(Mood.SAD, ["sad/01.ogg"], instead_of=())
    heard.next(SongsQueued)
    link.close()
    assert library.client().status()["state"] == "play"


def test_over_tcp_it_is_the_same(library: PrivateMpd) -> None:
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text() + 'bind_to_address "127.0.0.1"\nport "16617"\n')
    library.stop()
    library.start()
    with connected(Music(address="127.0.0.1:16617")) as client:
        assert client.stats()["songs"] == "48"


@pytest.mark.parametrize("address", ["/nowhere/mpd.sock", "127.0.0.1:1"])
def test_an_mpd_that_is_not_there_is_one_line_with_what_to_do(address: str) -> None:
    with (
        pytest.raises(PlayerError, match="is not running: sudo systemctl start mpd"),
        connected(Music(address=address)),
    ):
        pass


def test_a_password_is_given_and_a_wrong_one_is_named(library: PrivateMpd) -> None:
    configuration = library.folder / "mpd.conf"
    configuration.write_text(
        configuration.read_text() + 'password "secret@read,add,control,admin"\ndefault_permissions "read"\n'
    )
    library.stop()
    library.start()
    with connected(Music(address=library.address, password="secret")) as client:
        client.add("sad/01.ogg")
    wrong = Music(address=library.address, password="guess")
    with pytest.raises(PlayerError, match=r"does it want music\.password"), connected(wrong):
        pass


def test_a_server_that_is_no_mpd_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "other.sock"))
        other.listen()
        threading.Thread(target=lambda: other.accept()[0].sendall(b"\xff\xfe\n"), daemon=True).start()
        music = Music(address=str(tmp_path / "other.sock"))
        with pytest.raises(PlayerError, match="does not speak as MPD does"), connected(music):
            pass


def test_a_song_of_two_artists_names_both(
    library: PrivateMpd, link: Player, heard: Heard, add_song: AddSong
) -> None:
    path = library.music / add_song("duet.ogg", title="A song")
    file = mutagen.File(path)
    file["artist"] = ["Simon", "Garfunkel"]
    file.save()
    library.update()
    heard.next(PlayerUp)
    link.play(Mood.SAD, ["duet.ogg"], instead_of=())
    assert heard.next(PlayerChanged).snapshot.title == "Simon, Garfunkel - A song"
