"""`make bench-queue`: the processor time of a press when MPD has a long queue from another client.

It is the CPU time of the box's process, without that of MPD and without waiting.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import soundfile

import device
from device.control.client import ask
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.mpd import responses
from tests.bench import PICTURES, machine
from tests.waiting import eventually

SONGS = 100
LENGTHS = (0, 9_000, 12_000)
PRESSES = 20
BATCH_SIZE = 12
DELAY_S = 1.0  # after the start of the song
TAGS = ("title", "artist", "album", "albumartist", "artistsort", "albumartistsort", "composer", "label")
MOCK_PINS = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}


def main() -> None:
    print(f"moodbox {device.__version__} on {machine()}\n")
    print("milliseconds of processor time of the box, median (worst)")
    columns = ("to start", "press to song", f"and {DELAY_S:.0f} s on")
    print(f"{'songs of others in the queue':30} {columns[0]:>10} {columns[1]:>18} {columns[2]:>18}")
    for length in (int(argument) for argument in sys.argv[1:] or map(str, LENGTHS)):
        bench(length, own_first=False)
        if length == max(LENGTHS):
            bench(length, own_first=True)
    bench_validation()


def bench(length: int, *, own_first: bool) -> None:
    """Print one row; with own_first, the box's songs come first, so that each press moves all of them."""
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        folder = Path(name)
        with PrivateMpd(folder) as server:
            make_songs(server)
            another_client = server.client()
            another_client.timeout = 30
            for _ in range(length // SONGS):
                another_client.load("all")
            with box(folder, server) as pid:
                used = cpu_time(pid)
                suffix = ", behind its own" if own_first else ""
                label = f"{length}{suffix}"
                if ask(folder / "control.sock", "status")["trouble"]:
                    print(f"{label:30} it does not connect")
                    return
                to_song, after_delay = [], []
                for number in range(PRESSES + 1):
                    if own_first and number:
                        another_client.move((length, length + BATCH_SIZE), 0)
                        time.sleep(DELAY_S)
                    start = cpu_time(pid)
                    before = another_client.currentsong().get("id")
                    ask(folder / "control.sock", "press")
                    eventually(lambda before=before: plays_another_song(another_client, before))  # type: ignore[misc]
                    to_song.append(cpu_time(pid) - start)
                    time.sleep(DELAY_S)
                    after_delay.append(cpu_time(pid) - start)
    print(
        f"{label:30} {1000 * used:10.0f} {summary(to_song[1:]):>18} {summary(after_delay[1:]):>18}",
        flush=True,
    )


def bench_validation() -> None:
    """Print the CPU time to check the fields and the types of 50,000 rows."""
    row = {"file": "a.ogg", "last-modified": "2026-01-01T00:00:00Z", "artist": "A", "genre": ["B", "C"]}
    rows = [dict(row) for _ in range(50_000)]
    times = []
    for _ in range(PRESSES):
        start = time.thread_time()
        responses.checked("find", rows, list[responses.LibrarySong])
        times.append(time.thread_time() - start)
    print(f"\n50,000 rows of a library checked: {summary(times)} ms")


def make_songs(server: PrivateMpd) -> None:
    first = server.music / "0.ogg"
    soundfile.write(first, np.zeros(8000 * 60, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
    file = mutagen.File(first)
    text = "A Name or a Title as Long as They Often Are, and What Is Written Below It on the Sleeve"
    file.update({tag: [text] for tag in TAGS} | {"genre": ["Disco"]})
    file.save()
    for number in range(1, SONGS):
        (server.music / f"{number}.ogg").hardlink_to(first)
    server.update()
    (server.playlists / "all.m3u").write_text("".join(f"{number}.ogg\n" for number in range(SONGS)))


@contextmanager
def box(folder: Path, server: PrivateMpd) -> Iterator[int]:
    """Start the box as a process; yield its id two seconds after it has seen a face."""
    settings = folder / "moodbox.toml"
    settings.write_text(
        f'[camera]\nsource = "images:{PICTURES[0]}"\n[look]\nreadings = 1\n'
        f'[music]\naddress = "{server.address}"\nlisten = false\n'
        f'[service]\nsocket = "{folder}/control.sock"\nstate = "{folder}/state"\n'
    )
    command = [sys.executable, "-m", "device", "run", "--settings", str(settings)]
    environment = os.environ | MOCK_PINS
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        try:
            eventually(lambda: has_mood(folder), 30)
            time.sleep(2)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def has_mood(folder: Path) -> bool:
    with suppress(ServiceError):
        return bool(ask(folder / "control.sock", "status")["mood"])
    return False


def plays_another_song(another_client: Any, before: str | None) -> bool:
    return bool(
        another_client.currentsong().get("id", before) != before
        and another_client.status()["state"] == "play"
    )


def cpu_time(pid: int) -> float:
    """Return the CPU time of the process in seconds; Python lacks clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def summary(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.1f} ({1000 * max(seconds):.1f})"


if __name__ == "__main__":
    main()
