"""The MPD worker at a real MPD that is started, stopped, killed and made to hang."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mutagen
import pytest

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.errors import PlayerError
from device.mood import Mood
from device.mpd.connection import connected
from device.playback import mpd_worker
from device.playback.mpd_events import (
    LibraryChanged,
    MpdChanged,
    MpdConnected,
    MpdDisconnected,
    SongsFound,
    SongsQueued,
)
from device.playback.mpd_worker import MpdWorker
from tests.device.conftest import AddSong
from tests.device.estimates import certain
from tests.device.playback.conftest import PostedEvents
from tests.device.ports import kept_port

# A sound card that can be unplugged: it plays a tenth of a second at a time while the file `plug` is there.
SPEAKER = """type "pipe"
command "while test -e {plug} && test $(head -c 17640 | wc -c) -gt 0; do sleep .1; done"
format "44100:16:2"
"""


@pytest.fixture
def worker(settings: Settings, events: PostedEvents) -> Iterator[MpdWorker]:
    created = MpdWorker(settings.music, events.queue.put)
    created.start()
    yield created
    created.close()


def test_it_reports_that_mpd_answers(library: PrivateMpd, worker: MpdWorker, events: PostedEvents) -> None:
    assert events.next(MpdConnected).snapshot.state == "stop"


def test_a_thread_limit_costs_the_connection_to_mpd_and_not_the_box(
    settings: Settings, library: PrivateMpd, events: PostedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    refused: list[threading.Thread] = []

    def refuse_twice(thread: threading.Thread) -> None:
        if thread.name == "listener" and len(refused) < 2:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_twice)
    monkeypatch.setattr(mpd_worker, "MIN_RECONNECT_DELAY_S", 0.01)
    created = MpdWorker(settings.music, events.queue.put)
    created.start()
    posted = [events.queue.get(timeout=60) for _ in range(5)]
    created.close()
    assert [type(event) for event in posted] == [
        MpdConnected, MpdDisconnected, MpdConnected, MpdDisconnected, MpdConnected,
    ]  # fmt: skip
    assert "can't start new thread" in posted[1].reason


def test_it_finds_the_songs_of_the_moods_playlist(
    library: PrivateMpd, worker: MpdWorker, events: PostedEvents
) -> None:
    (library.playlists / "Sad.m3u").write_text("sad/01.ogg\nsad/02.ogg\n")
    events.next(MpdConnected)
    worker.find(certain(Mood.SAD))
    found = events.next(SongsFound)
    assert found.estimate == certain(Mood.SAD)
    assert found.picked == ("sad/01.ogg", "sad/02.ogg")


def test_new_songs_replace_the_old_ones(library: PrivateMpd, worker: MpdWorker, events: PostedEvents) -> None:
    events.next(MpdConnected)
    worker.play(certain(Mood.SAD), ["sad/01.ogg", "sad/02.ogg"], instead_of=())
    old = events.next(SongsQueued).entries
    worker.play(certain(Mood.HAPPY), ["happy/01.ogg"], instead_of=old)
    queued = events.next(SongsQueued)
    (new,) = queued.entries
    assert (queued.estimate, queued.play) == (certain(Mood.HAPPY), True)
    snapshot = events.next(MpdChanged).snapshot
    while snapshot.queue != (new,):
        snapshot = events.next(MpdChanged).snapshot
    assert (snapshot.state, snapshot.current, snapshot.title) == ("play", new, "Somebody - Disco 1")


def test_changes_by_another_client_are_reported(
    library: PrivateMpd, worker: MpdWorker, events: PostedEvents
) -> None:
    events.next(MpdConnected)
    other = library.client()
    other.add("sad/01.ogg")
    assert [entry.uri for entry in events.next(MpdChanged).snapshot.queue] == ["sad/01.ogg"]
    other.play()
    assert events.next(MpdChanged).snapshot.state == "play"


def test_a_change_of_the_library_is_reported(
    library: PrivateMpd, worker: MpdWorker, events: PostedEvents, add_song: AddSong
) -> None:
    events.next(MpdConnected)
    add_song("new.ogg")
    library.update()
    events.next(LibraryChanged)


def set_output(library: PrivateMpd, output: str) -> None:
    library.stop()
    configuration = library.folder / "mpd.conf"
    configuration.write_text(configuration.read_text().replace('type "null"', output))
    library.start()


def test_a_missing_song_is_left_out(library: PrivateMpd, worker: MpdWorker, events: PostedEvents) -> None:
    events.next(MpdConnected)
    worker.play(certain(Mood.SAD), ["gone.ogg", "sad/01.ogg"], instead_of=())
    assert [entry.uri for entry in events.next(SongsQueued).entries] == ["sad/01.ogg"]


def test_mpd_may_start_later(tmp_path: Any, worker: MpdWorker, events: PostedEvents) -> None:
    assert "is not running: sudo systemctl start mpd" in events.next(MpdDisconnected).reason
    with PrivateMpd(tmp_path):
        events.next(MpdConnected)


def test_it_reports_that_mpd_was_killed_and_that_it_is_back(
    library: PrivateMpd, worker: MpdWorker, events: PostedEvents
) -> None:
    events.next(MpdConnected)
    library.kill()
    events.next(MpdDisconnected)
    library.start()
    events.next(MpdConnected)
    worker.find(certain(Mood.SAD))
    events.next(SongsFound)


def test_an_mpd_that_hangs_counts_as_disconnected_until_it_answers(
    library: PrivateMpd, worker: MpdWorker, events: PostedEvents
) -> None:
    events.next(MpdConnected)
    os.kill(library.pid, signal.SIGSTOP)
    try:
        worker.find(certain(Mood.SAD))
        assert "does not answer" in events.next(MpdDisconnected).reason
    finally:
        os.kill(library.pid, signal.SIGCONT)
    events.next(MpdConnected)


def test_a_hang_is_noticed_without_a_task(
    library: PrivateMpd, settings: Settings, events: PostedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpd_worker, "POLL_INTERVAL_S", 0.1)
    worker = MpdWorker(settings.music, events.queue.put)
    worker.start()
    events.next(MpdConnected)
    os.kill(library.pid, signal.SIGSTOP)
    try:
        events.next(MpdDisconnected)
    finally:
        os.kill(library.pid, signal.SIGCONT)
        worker.close()


def test_a_failed_output_is_tried_again_until_it_plays(
    library: PrivateMpd,
    settings: Settings,
    events: PostedEvents,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mpd_worker, "OUTPUT_RETRY_INTERVAL_S", 0.2)
    plug = tmp_path / "plug"
    plug.touch()
    set_output(library, SPEAKER.format(plug=plug))
    worker = MpdWorker(settings.music, events.queue.put)
    worker.start()
    try:
        events.next(MpdConnected)
        worker.play(certain(Mood.SAD), ["sad/01.ogg", "sad/02.ogg"], instead_of=())
        events.wait_until(lambda now: now.state == "play")
        plug.unlink()
        events.wait_until(lambda now: now.is_paused_by_error)
        plug.touch()
        events.wait_until(lambda now: now.state == "play" and not now.error)
    finally:
        worker.close()


def test_music_paused_by_another_client_stays_paused(
    library: PrivateMpd, settings: Settings, events: PostedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpd_worker, "OUTPUT_RETRY_INTERVAL_S", 0.05)
    monkeypatch.setattr(mpd_worker, "POLL_INTERVAL_S", 0.05)
    worker = MpdWorker(settings.music, events.queue.put)
    worker.start()
    try:
        events.next(MpdConnected)
        worker.play(certain(Mood.SAD), ["sad/01.ogg"], instead_of=())
        events.wait_until(lambda now: now.state == "play")
        library.client().pause(1)
        events.wait_until(lambda now: now.state == "pause")
        time.sleep(0.5)
        assert library.client().status()["state"] == "pause"
    finally:
        worker.close()


def test_closing_leaves_mpd_playing(library: PrivateMpd, worker: MpdWorker, events: PostedEvents) -> None:
    events.next(MpdConnected)
    worker.play(certain(Mood.SAD), ["sad/01.ogg"], instead_of=())
    events.next(SongsQueued)
    worker.close()
    assert library.client().status()["state"] == "play"


def test_it_connects_over_tcp(library: PrivateMpd) -> None:
    configuration = library.folder / "mpd.conf"
    with kept_port() as port:
        configuration.write_text(configuration.read_text() + f'bind_to_address "127.0.0.1"\nport "{port}"\n')
        library.stop()
        library.start()
        with connected(Music(address=f"127.0.0.1:{port}")) as client:
            assert client.stats()["songs"] == "48"


@pytest.mark.parametrize("address", ["/nowhere/mpd.sock", "127.0.0.1:1"])
def test_an_mpd_that_is_not_running_is_one_line_with_what_to_do(address: str) -> None:
    with (
        pytest.raises(PlayerError, match="is not running: sudo systemctl start mpd"),
        connected(Music(address=address)),
    ):
        pass


def test_the_password_is_sent_and_a_wrong_one_is_reported(library: PrivateMpd) -> None:
    configuration = library.folder / "mpd.conf"
    configuration.write_text(
        configuration.read_text() + 'password "secret@read,add,control,admin"\ndefault_permissions "read"\n'
    )
    library.stop()
    library.start()
    with connected(Music(address=library.address, password="secret")) as client:
        client.add("sad/01.ogg")
    wrong = Music(address=library.address, password="guess")
    with pytest.raises(PlayerError, match=r"music\.password is not one of mpd\.conf"), connected(wrong):
        pass


def test_a_server_that_is_not_mpd_is_reported(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "other.sock"))
        other.listen()
        threading.Thread(target=lambda: other.accept()[0].sendall(b"\xff\xfe\n"), daemon=True).start()
        music = Music(address=str(tmp_path / "other.sock"))
        with pytest.raises(PlayerError, match="does not speak MPD's protocol"), connected(music):
            pass


def test_the_title_names_both_artists_of_a_song(
    library: PrivateMpd, worker: MpdWorker, events: PostedEvents, add_song: AddSong
) -> None:
    path = library.music / add_song("duet.ogg", title="A song")
    file = mutagen.File(path)
    file["artist"] = ["Simon", "Garfunkel"]
    file.save()
    library.update()
    events.next(MpdConnected)
    worker.play(certain(Mood.SAD), ["duet.ogg"], instead_of=())
    events.wait_until(lambda now: now.title == "Simon, Garfunkel - A song")
