"""A box that is killed at any moment: MPD plays on, no client loses songs, and the box recognizes its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from device.config.settings import Settings
from device.control.client import ask
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.library.index import LibraryIndex
from device.mood import Mood
from device.playback.memory import Memory
from tests.device.cli.commands import MOCK_PINS
from tests.device.conftest import seek
from tests.device.estimates import certain
from tests.device.fuzzing import FUZZING
from tests.waiting import eventually

HANDFUL = 6
THEIRS = [f"neutral/{number:02}.ogg" for number in range(4)]


@contextmanager
def running(file: Path, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run `moodbox run`; yield once it replies, and kill it at the end."""
    command = [sys.executable, "-m", "device", "run", "--settings", str(file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | MOCK_PINS) as box:
        try:
            eventually(lambda: status(settings))
            yield box
        finally:
            box.kill()


def status(settings: Settings) -> dict[str, Any]:
    with suppress(ServiceError):
        return ask(settings.service.socket_path(), "status")
    return {}


@pytest.fixture
def box_file(settings_file: Path) -> Path:
    settings_file.write_text(settings_file.read_text().replace("[music]", f"[music]\nhandful = {HANDFUL}"))
    return settings_file


def ids(client: Any) -> list[int]:
    return [int(song["id"]) for song in client.playlistinfo()]


def press_and_play(settings: Settings, client: Any, theirs: list[int]) -> None:
    """Press, and wait until the box plays new songs and has removed all of its older ones."""
    before = ids(client)

    def well() -> bool:
        ours = [id_ for id_ in ids(client) if id_ not in theirs]
        plays = client.status()["state"] == "play" and status(settings).get("playing") == "play"
        return plays and len(ours) == HANDFUL and not set(ours) & set(before)

    ask(settings.service.socket_path(), "press")
    eventually(well)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(25 if FUZZING else 2))
def test_a_box_that_is_killed_at_any_moment_leaves_the_music_alone_and_recognizes_its_own_songs(
    box_file: Path, settings: Settings, library: PrivateMpd, seed: int
) -> None:
    chance = random.Random(seed)
    user = library.client()
    theirs = [int(user.addid(uri)) for uri in THEIRS]
    state = settings.service.state_path()
    for kill in range(5):
        with running(box_file, settings) as box:
            eventually(lambda: status(settings).get("mood"))
            press_and_play(settings, user, theirs)
            theirs.append(int(user.addid(chance.choice(THEIRS), chance.randrange(len(ids(user))))))
            user.moveid(chance.choice(theirs), 0)
            theirs.sort(key=ids(user).index)
            what = chance.choice(["press", "skip", "next"])
            if what == "next":
                for _ in range(HANDFUL // 2 + 1):  # so that the queue is filled again
                    user.next()
            else:
                ask(settings.service.socket_path(), what)
            time.sleep(chance.uniform(0, 0.2))
            box.send_signal(signal.SIGKILL)
            box.wait()
        moment = f"kill {kill} of seed {seed}, after a {what}"
        assert user.status()["state"] == "play", moment
        assert [id_ for id_ in ids(user) if id_ in theirs] == theirs, moment
        with closing(Memory.open(state)), closing(LibraryIndex.open(state)):
            assert not list(state.glob("*.damaged")), moment
    with running(box_file, settings):
        eventually(lambda: status(settings).get("mood"))
        press_and_play(settings, user, theirs)


def test_a_box_that_is_killed_during_a_song_learns_nothing_from_it(
    box_file: Path, settings: Settings, library: PrivateMpd
) -> None:
    with running(box_file, settings) as box:
        eventually(lambda: status(settings).get("playing") == "play")
        user = library.client()
        seek(user, 50)
        box.kill()
        box.wait()
    user.next()
    with running(box_file, settings):
        eventually(lambda: status(settings).get("playing") == "play")
        eventually(lambda: status(settings).get("mood"))
    with closing(Memory.open(settings.service.state_path())) as memory:
        assert all(memory.play_statistics(certain(mood)).songs == {} for mood in Mood)
    assert user.sticker_find("song", "", "playCount") == []
    assert user.sticker_find("song", "", "skipCount") == []
