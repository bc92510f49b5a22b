"""`make bench-songs`: a library of 50,000 songs in a real MPD, from an empty index to a choice.

Times say little on another machine. Nothing here is a test, and no test asserts a time.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import soundfile
from mutagen.flac import FLAC

import device
from device.config.settings import Music
from device.demo.server import PrivateMpd
from device.library.index import LibraryIndex
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import SongTable
from device.library.tag_affect import LEXICON_FILE, Affect, Source, read_lexicon
from device.mood import Mood
from device.recommend.play_statistics import PlayCount, PlayStatistics
from device.recommend.ranking import RankingRequest, rank_songs
from device.recommend.trajectory import trajectory_for
from tests.bench import MIB, machine, peak_memory, timed
from tests.device.estimates import certain

SONGS = 50_000
ARTISTS = 4_000
IDLE = 40  # seconds
FOLDER = 100  # songs
ODD = ("", "Swedish Death Metal", "Rap/Hip Hop; Soul", "?", "hiphop")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SONGS
    print(f"moodbox {device.__version__} on {machine()}\n")
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        folder = Path(name)
        with PrivateMpd(folder) as server:
            took = timed(lambda: make_songs(server.music, count))
            print(f"{count} songs made in {took:.1f} s", flush=True)
            print(f"MPD has read them in {timed(server.update):.1f} s", flush=True)
            bench_scan(server, folder / "state", count)


def make_songs(folder: Path, count: int) -> None:
    """Make small FLAC files, a hundred per folder, with random genres."""
    chance = np.random.default_rng(1)
    genres = (*genre_names(), *ODD)
    template = folder / "template.flac"
    soundfile.write(template, np.zeros(800, np.float32), 8000)
    for number in range(count):
        path = folder / f"{number // FOLDER:03}" / f"{number:05}.flac"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(template.read_bytes())
        song = FLAC(path)
        song["title"] = f"Song {number}"
        song["artist"] = f"Artist {chance.integers(ARTISTS)}"
        song["genre"] = genres[chance.integers(len(genres))]
        song.save(padding=lambda _: 0)
    template.unlink()


def genre_names() -> list[str]:
    return sorted({term.name for term in read_lexicon().genres.values()})


def bench_scan(server: PrivateMpd, state: Path, count: int) -> None:
    posted: SimpleQueue[SongTableUpdated] = SimpleQueue()
    with beside(server, "while idle"):
        time.sleep(IDLE)
    start = time.perf_counter()
    with (
        beside(server, "while it is scanned"),
        closing(LibraryScanner(server.link, read_lexicon(), state, posted.put)) as scanner,
    ):
        scanner.start()
        scanner.wake()
        first = posted.get()
        print(f"first {len(first.table)} songs known after {time.perf_counter() - start:.2f} s", flush=True)
        update = first
        while not (update.complete and len(update.table) == count):
            update = posted.get()
        print(f"all {count} known by their tags after {time.perf_counter() - start:.1f} s", flush=True)
        update = posted.get()  # once the raw comments are through
        print(f"their raw MOOD comments read after {time.perf_counter() - start:.1f} s", flush=True)
    bench_ranking(update.table)
    with (
        beside(server, "while songs are analyzed"),
        closing(LibraryScanner(server.link, read_lexicon(), state, posted.put)) as scanner,
    ):
        scanner.start()
        scanner.wake()
        time.sleep(IDLE)
    with closing(LibraryIndex.open(state)) as index:
        analyzed, _ = index.analysis_counts()
    print(f"{analyzed} of these very short songs were analyzed in {IDLE} s")
    start = time.perf_counter()
    again: SimpleQueue[SongTableUpdated] = SimpleQueue()
    with closing(LibraryScanner(server.link, read_lexicon(), state, again.put)) as scanner:
        scanner.start()
        again.get()
        print(f"all known again after a restart: {time.perf_counter() - start:.2f} s")
    print(f"{LEXICON_FILE.name}: read in {1000 * timed(read_lexicon):.1f} ms")
    print(f"peak memory of all this: {peak_memory_here() / MIB:.0f} MiB")


def bench_ranking(table: SongTable) -> None:
    """Measure choices for each mood in turn, each after other songs."""
    chance = np.random.default_rng(2)
    own_affects = {uri: Affect(0.2, 0.3, 1.0, Source.OWN) for uri in chance.choice(table.uris, 500)}
    songs = {uri: PlayCount(2, 1) for uri in chance.choice(table.uris, 1000)}
    play_statistics = PlayStatistics({genre: PlayCount(20, 15) for genre in table.genres}, songs, {}, songs)
    requests = [
        RankingRequest(
            trajectory_for(certain(mood), Music()),
            12,
            history=tuple(chance.choice(table.uris, 500)),
            play_statistics=play_statistics,
        )
        for mood in Mood
        for _ in range(20)
    ]
    times, used = [], []
    for request in requests:
        before = time.thread_time()
        start = time.perf_counter()
        rank_songs(table.with_own_affects(own_affects), request, chance)
        times.append(time.perf_counter() - start)
        used.append(time.thread_time() - before)
    print(
        f"a choice of twelve: median {1000 * statistics.median(times):.1f} ms, "
        f"worst {1000 * max(times):.1f} ms of {len(times)}; "
        f"processor time: median {1000 * statistics.median(used):.1f} ms, worst {1000 * max(used):.1f} ms"
    )


def peak_memory_here() -> int:
    return peak_memory(os.getpid())


PING = """
import json, select, sys, time, mpd
client = mpd.MPDClient()
client.connect(sys.argv[1])
times = []
while not select.select([sys.stdin], [], [], 0.01)[0]:
    start = time.perf_counter()
    client.ping()
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""
"""Another client, which pings MPD a hundred times per second until it gets a line of input."""


@contextmanager
def beside(server: PrivateMpd, when: str) -> Iterator[None]:
    """Measure the delays of other clients and threads meanwhile."""
    stop, waits = threading.Event(), list[float]()
    sleeper = threading.Thread(target=measure_wake_delays, args=(stop, waits))
    sleeper.start()
    with other_client(server) as pings:
        yield
    stop.set()
    sleeper.join()
    spread(f"another client's ping {when}", pings)
    spread(f"a thread of ours that wakes every 10 ms is late by, {when}", waits)


@contextmanager
def other_client(server: PrivateMpd) -> Iterator[list[float]]:
    """Yield a list that holds the seconds of each ping after the block."""
    pings: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-c", PING, server.address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        yield pings
        pings += json.loads(other.communicate("\n")[0])


def measure_wake_delays(stop: threading.Event, waits: list[float]) -> None:
    """Wait like the box's main thread, and record by how much it wakes too late."""
    while not stop.is_set():
        waits.append(timed(lambda: time.sleep(0.01)) - 0.01)


def spread(what: str, times: list[float]) -> None:
    times.sort()
    print(
        f"{what}: median {1000 * statistics.median(times):.1f} ms, "
        f"of 1000 all but one under {1000 * times[int(0.999 * len(times))]:.0f} ms, "
        f"worst {1000 * times[-1]:.0f} ms of {len(times)}"
    )


if __name__ == "__main__":
    main()
