"""Harnesses for the playback controller and the MPD worker at a real MPD."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import msgspec
import mutagen
import numpy as np
import pytest
import soundfile

from device.config.settings import Music, Settings
from device.demo.server import PrivateMpd
from device.health import Health
from device.library.scanner import LibraryScanner
from device.library.tag_affect import read_lexicon
from device.mood import Mood
from device.mpd.snapshot import Entry, Snapshot
from device.playback.controller import PlaybackController
from device.playback.memory import Memory
from device.playback.mpd_events import MpdChanged
from device.playback.mpd_worker import MpdWorker
from device.playback.play_tracker import SOUNDED_AFTER_S
from device.playback.state import ControlMode
from tests.device.estimates import certain

T = TypeVar("T")


class PostedEvents:
    """The events that an MPD worker posts, in order."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()

    def next(self, kind: type[T]) -> T:
        """Wait for the next event of this kind; others before it are dropped."""
        while True:
            event = self.queue.get(timeout=60)
            if isinstance(event, kind):
                return event

    def wait_until(self, happened: Callable[[Snapshot], bool]) -> None:
        while not happened(self.next(MpdChanged).snapshot):
            pass


@pytest.fixture
def events() -> PostedEvents:
    return PostedEvents()


class ControllerHarness:
    """A playback controller, with its worker and scanner, and the loop that handles their events."""

    def __init__(self, music: Music, folder: Path) -> None:
        self._events: SimpleQueue[Any] = SimpleQueue()
        self._mpd = MpdWorker(music, self._events.put)
        self.memory = Memory.open(folder)
        self._scanner = LibraryScanner(music, read_lexicon(), folder, self._events.put)
        self.health = Health()
        self.playback = PlaybackController(
            music, self._mpd, self._scanner, self.memory, np.random.default_rng(1), self.health
        )
        self._mpd.start()
        self._scanner.start()

    def wait_until(self, happened: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, f"not within {seconds} s: {self.playback.snapshot}"
            with contextlib.suppress(Empty):
                self.playback.handle(self._events.get(timeout=0.02))

    def miss_until(self, happened: Callable[[Snapshot], bool]) -> None:
        """Take the worker's events without handling them, as if MPD were out of reach."""
        while True:
            event = self._events.get(timeout=60)
            if isinstance(event, MpdChanged) and happened(event.snapshot):
                return

    def run_for(self, seconds: float = 0.3) -> None:
        end = time.monotonic() + seconds
        self.wait_until(lambda: time.monotonic() > end)

    def wait_until_heard(self) -> None:
        """Wait until somebody can have heard the song that plays."""
        self.wait_until(lambda: self.playing)
        self.run_for(SOUNDED_AFTER_S + 0.1)

    def close(self) -> None:
        self._mpd.close()
        self._scanner.close()
        self.memory.close()

    @property
    def queue(self) -> list[str]:
        return [entry.uri for entry in self.playback.snapshot.queue] if self.playback.snapshot else []

    @property
    def playing(self) -> str | None:
        snapshot = self.playback.snapshot
        return snapshot.current.uri if snapshot and snapshot.current and snapshot.state == "play" else None

    @property
    def current(self) -> Entry | None:
        """The entry that plays; another entry may be of the same song."""
        snapshot = self.playback.snapshot
        return snapshot.current if snapshot and snapshot.state == "play" else None

    @property
    def upcoming(self) -> int:
        """How many songs are queued after the one that plays."""
        snapshot = self.playback.snapshot
        if not snapshot or not snapshot.current:
            return 0
        return len(snapshot.queue) - snapshot.queue.index(snapshot.current) - 1

    @staticmethod
    def sad(uris: list[str]) -> int:
        return sum(uri.startswith("sad") for uri in uris)

    def plays(self, mood: Mood) -> bool:
        """Whether the first song of this mood's trajectory plays."""
        return bool(self.playing and self.playing.startswith(mood))


StartHarness = Callable[..., ControllerHarness]


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[StartHarness]:
    started: list[ControllerHarness] = []

    def begin(**changes: Any) -> ControllerHarness:
        started.append(
            ControllerHarness(msgspec.structs.replace(settings.music, **changes), tmp_path / "state")
        )
        return started[-1]

    yield begin
    for harness in started:
        harness.close()


@pytest.fixture
def harness(start: StartHarness) -> ControllerHarness:
    return start()


@pytest.fixture
def short_songs(mpd: PrivateMpd, tmp_path: Path) -> PrivateMpd:
    """A running MPD with ten songs of two seconds."""
    for number in range(10):
        path = mpd.music / f"{number}.ogg"
        soundfile.write(path, np.zeros(16000, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
        file = mutagen.File(path)
        file["genre"] = ["Blues"]
        file.save()
    mpd.update()
    return mpd


def start_without(library: PrivateMpd, setting: str) -> None:
    """Restart MPD without the lines of its configuration that begin with this setting."""
    library.stop()
    configuration = library.folder / "mpd.conf"
    lines = configuration.read_text().splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith(setting)))
    library.start()


FOREIGN_SONGS = ["neutral/01.ogg", "neutral/02.ogg", "neutral/03.ogg"]  # queued by another client


@pytest.fixture
def playing(library: PrivateMpd, harness: ControllerHarness) -> ControllerHarness:
    """A controller whose twelve sad songs play."""
    harness.playback.play(certain(Mood.SAD))
    harness.wait_until(lambda: harness.plays(Mood.SAD) and len(harness.queue) == 12)
    return harness


def play_foreign_songs(library: PrivateMpd, count: int = len(FOREIGN_SONGS)) -> Any:
    """Another client puts its own songs in place of the queue. Returns the client."""
    other = library.client()
    other.clear()
    for uri in FOREIGN_SONGS[:count]:
        other.add(uri)
    other.play()
    return other


def wait_until_yielded(harness: ControllerHarness) -> None:
    harness.wait_until(lambda: harness.playback.state.mode is ControlMode.YIELDED)


def queue_ids(client: Any) -> list[int]:
    return [int(song["id"]) for song in client.playlistinfo()]


def next_song(harness: ControllerHarness, client: Any) -> None:
    """Skip as another client, and wait for the next song: skips in one go would look like a jump."""
    harness.wait_until(lambda: harness.upcoming)
    # The box may have removed the song that played from the queue, so that MPD plays another by now.
    harness.wait_until(
        lambda: harness.current and harness.current.id == int(client.status().get("songid", 0))
    )
    before = harness.current
    client.next()
    harness.wait_until(lambda: harness.current not in (before, None))  # perhaps the same song, queued twice
