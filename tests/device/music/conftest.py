"""A jukebox with the loop that a box would turn for it, at a real MPD."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec
import mutagen
import numpy as np
import pytest
import soundfile

from device.demo.server import PrivateMpd
from device.memory import Memory
from device.mood import Mood
from device.music.jukebox import Jukebox
from device.music.librarian import Librarian
from device.music.places import read_atlas
from device.music.player import Player
from device.music.queue import Entry
from device.settings import Music, Settings


class Turning:
    """A jukebox with the loop that a box would turn for it."""

    def __init__(self, music: Music, folder: Path) -> None:
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._player = Player(music, self._events.put)
        self.memory = Memory.open(folder)
        self._librarian = Librarian(music, read_atlas(), folder, self._events.put)
        self.jukebox = Jukebox(music, self._player, self._librarian, self.memory, np.random.default_rng(1))
        self._player.start()
        self._librarian.start()

    def until(self, happened: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, f"not within {seconds} s: {self.jukebox.snapshot}"
            with contextlib.suppress(Empty):
                self.jukebox.hear(self._events.get(timeout=0.02))

    def for_a_while(self, seconds: float = 0.3) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    def close(self) -> None:
        self._player.close()
        self._librarian.close()
        self.memory.close()

    @property
    def queue(self) -> list[str]:
        return [entry.uri for entry in self.jukebox.snapshot.queue] if self.jukebox.snapshot else []

    @property
    def playing(self) -> str | None:
        snapshot = self.jukebox.snapshot
        return snapshot.current.uri if snapshot and snapshot.current and snapshot.state == "play" else None

    @property
    def current(self) -> Entry | None:
        """What plays, which may be the same song as another entry's."""
        snapshot = self.jukebox.snapshot
        return snapshot.current if snapshot and snapshot.state == "play" else None

    @property
    def coming(self) -> int:
        """How many songs are queued behind the one that plays."""
        snapshot = self.jukebox.snapshot
        if not snapshot or not snapshot.current:
            return 0
        return len(snapshot.queue) - snapshot.queue.index(snapshot.current) - 1

    @staticmethod
    def sad(uris: list[str]) -> int:
        return sum(uri.startswith("sad") for uri in uris)

    def plays(self, mood: Mood) -> bool:
        """Whether the course that begins in this mood has begun."""
        return bool(self.playing and self.playing.startswith(mood))


Start = Callable[..., Turning]


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    started: list[Turning] = []

    def begin(**changes: Any) -> Turning:
        started.append(Turning(msgspec.structs.replace(settings.music, **changes), tmp_path / "state"))
        return started[-1]

    yield begin
    for turning in started:
        turning.close()


@pytest.fixture
def turning(start: Start) -> Turning:
    return start()


@pytest.fixture
def short(mpd: PrivateMpd, tmp_path: Path) -> PrivateMpd:
    """Running, with ten songs of two seconds."""
    for number in range(10):
        path = mpd.music / f"{number}.ogg"
        soundfile.write(path, np.zeros(16000, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
        file = mutagen.File(path)
        file["genre"] = ["Blues"]
        file.save()
    mpd.update()
    return mpd


def start_without(library: PrivateMpd, setting: str) -> None:
    """MPD again, without this line of its configuration."""
    library.stop()
    configuration = library.folder / "mpd.conf"
    lines = configuration.read_text().splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith(setting)))
    library.start()
