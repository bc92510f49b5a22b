"""`make bench-queue`: what a press costs the box when somebody else's long queue lies in MPD.

Processor time of the box's own process, by the kernel's clock of it: MPD's own, and waiting, do not count.
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
from device.demo.server import PrivateMpd
from device.errors import ServiceError
from device.music import answers
from device.service import ask
from tests.bench import PICTURES, machine
from tests.waiting import eventually

SONGS = 100
LENGTHS = (0, 9_000, 12_000)
PRESSES = 20
HANDFUL = 12
LATER = 1.0  # seconds after the song has begun
TAGS = ("title", "artist", "album", "albumartist", "artistsort", "albumartistsort", "composer", "label")
MOCK_PINS = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}


def main() -> None:
    print(f"moodbox {device.__version__} on {machine()}\n")
    print("milliseconds of processor time of the box, median (worst)")
    columns = ("to start", "press to song", f"and {LATER:.0f} s on")
    print(f"{'songs of others in the queue':30} {columns[0]:>10} {columns[1]:>18} {columns[2]:>18}")
    for length in (int(word) for word in sys.argv[1:] or map(str, LENGTHS)):
        bench(length, own_first=False)
        if length == max(LENGTHS):
            bench(length, own_first=True)
    bench_checking()


def bench(length: int, *, own_first: bool) -> None:
    """own_first: the box's songs come before those of others, so that each press moves all of them."""
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        folder = Path(name)
        with PrivateMpd(folder) as server:
            make_songs(server)
            other = server.client()
            other.timeout = 30
            for _ in range(length // SONGS):
                other.load("all")
            with box(folder, server) as pid:
                used = cpu(pid)
                what = f"{length}{', behind its own' if own_first else ''}"
                if ask(folder / "control.sock", "status")["trouble"]:
                    print(f"{what:30} it does not connect")
                    return
                until, later = [], []
                for number in range(PRESSES + 1):
                    if own_first and number:
                        other.move((length, length + HANDFUL), 0)
                        time.sleep(LATER)
                    begin = cpu(pid)
                    before = other.currentsong().get("id")
                    ask(folder / "control.sock", "press")
                    eventually(lambda before=before: plays_another(other, before))  # type: ignore[misc]
                    until.append(cpu(pid) - begin)
                    time.sleep(LATER)
                    later.append(cpu(pid) - begin)
    print(f"{what:30} {1000 * used:10.0f} {spread(until[1:]):>18} {spread(later[1:]):>18}", flush=True)


def bench_checking() -> None:
    """What it costs to see that each field is there, and that a number is one."""
    row = {"file": "a.ogg", "last-modified": "2026-01-01T00:00:00Z", "artist": "A", "genre": ["B", "C"]}
    rows = [dict(row) for _ in range(50_000)]
    taken = []
    for _ in range(PRESSES):
        begin = time.thread_time()
        answers.checked("find", rows, list[answers.Tagged])
        taken.append(time.thread_time() - begin)
    print(f"\n50,000 rows of a library checked: {spread(taken)} ms")


def make_songs(server: PrivateMpd) -> None:
    first = server.music / "0.ogg"
    soundfile.write(first, np.zeros(8000 * 60, dtype=np.float32), 8000, format="OGG", subtype="VORBIS")
    file = mutagen.File(first)
    words = "A Name or a Title as Long as They Often Are, and What Is Written Below It on the Sleeve"
    file.update({tag: [words] for tag in TAGS} | {"genre": ["Disco"]})
    file.save()
    for number in range(1, SONGS):
        (server.music / f"{number}.ogg").hardlink_to(first)
    server.update()
    (server.playlists / "all.m3u").write_text("".join(f"{number}.ogg\n" for number in range(SONGS)))


@contextmanager
def box(folder: Path, server: PrivateMpd) -> Iterator[int]:
    """A box in a process of its own, two seconds after it has seen a face."""
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
            eventually(lambda: seen(folder), 30)
            time.sleep(2)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def seen(folder: Path) -> bool:
    with suppress(ServiceError):
        return bool(ask(folder / "control.sock", "status")["mood"])
    return False


def plays_another(other: Any, before: str | None) -> bool:
    return bool(other.currentsong().get("id", before) != before and other.status()["state"] == "play")


def cpu(pid: int) -> float:
    """Seconds of processor time that the process has used: clock_getcpuclockid(3), which Python lacks."""
    return time.clock_gettime((~pid << 3) | 2)


def spread(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.1f} ({1000 * max(seconds):.1f})"


if __name__ == "__main__":
    main()
