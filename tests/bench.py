"""`make bench`: what the box costs on this machine, each figure next to a comparison from the same run.

Times say little on another machine; the ratios say more. Nothing here is a test, and no test asserts a time.
"""

from __future__ import annotations

import itertools
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from unittest.mock import patch

import cv2
import numpy as np
import psutil
from gpiozero import Device

import device
from device.box.observer import SEARCH_PAUSE_S
from device.config.settings import Look, Service, Settings
from device.control.client import ask
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.demo.slideshow import Slideshow
from device.demo.songs import make_library
from device.vision.change import MAX_SEARCH_INTERVAL_S, ChangeDetector
from device.vision.frame import Frame
from device.vision.observation import FaceAnalyzer
from device.vision.pictures import read_picture
from tests.waiting import eventually

PICTURES = sorted((Path(device.__file__).parent / "pictures").glob("*.jpg"))
MIB = 2**20
PRESSES = 20


def main() -> None:
    print(f"moodbox {device.__version__} on {machine()}\n")
    row("what", "median", "worst", "aim", "compared with")
    with tempfile.TemporaryDirectory(prefix="moodbox-bench-") as name:
        folder = Path(name)
        make_library(folder / "music")
        with PrivateMpd(folder) as server:
            server.update()
            settings = Settings(
                look=Look(),
                music=server.link,
                service=Service(socket=f"{name}/control.sock", state=name),
            )
            bench_presses(settings)
            bench_process(settings, folder)
            bench_nobody(settings)
    bench_frame()


def bench_presses(settings: Settings) -> None:
    slideshow = Slideshow(PICTURES)
    with harness_for(settings, slideshow.open) as harness:
        eventually(lambda: harness.status()["playing"] == "play")
        lights, songs, asks = [], [], []
        for number in range(PRESSES):
            slideshow.advance()
            # The second picture's mood is not clear to the box in each look: then the song plays on.
            lit, played = press(harness, settings, new_song=number % 2 == 1)
            lights.append(lit)
            songs += [played] if played else []
            asks.append(timed(harness.status))
    ask_time = f"{statistics.median(asks) * 1000:.1f} ms to ask `status`"
    milliseconds("press to first change of the lights", lights, "100 ms", ask_time)
    waited = f"{settings.panel.double_press * 1000:.0f} ms of it is the wait for a second press"
    milliseconds("release to the new mood's song", songs, "1000 ms", waited)


def press(harness: Harness, settings: Settings, *, new_song: bool) -> tuple[float, float | None]:
    """Seconds from the press to a change of the lights, and from the release to a song, if one is awaited."""
    pin = Device.pin_factory.pin(settings.panel.button)
    lights, song = harness.lights(), harness.status()["song"]
    start = time.perf_counter()
    pin.drive_low()
    while harness.lights() == lights:
        time.sleep(0.0005)
    lit = time.perf_counter() - start
    time.sleep(0.1)
    start = time.perf_counter()
    pin.drive_high()
    while new_song and harness.status()["song"] in (song, None):
        time.sleep(0.001)
    played = time.perf_counter() - start if new_song else None
    time.sleep(settings.panel.double_press)  # the look begins after it
    harness.wait_for_decision(10)
    time.sleep(0.2)
    return lit, played


def bench_process(settings: Settings, folder: Path) -> None:
    path = folder / "moodbox.toml"
    path.write_text(
        f'[camera]\nsource = "images:{PICTURES[0]}"\n[music]\naddress = "{settings.music.address}"\n'
        f'[service]\nsocket = "{folder}/own.sock"\nstate = "{folder}/own"\n'
    )
    ready: list[float] = []
    peaks: list[int] = []
    ends: list[float] = []
    for _ in range(5):
        with daemon(path, folder, ends) as (seconds, pid):
            ready.append(seconds)
            for _look in range(5):
                ask(folder / "own.sock", "press")
                time.sleep(0.3)
            peaks.append(peak_memory(pid))
    path.write_text(path.read_text().replace("[music]", "[music]\nlisten = false"))  # all songs are analyzed
    with daemon(path, folder, []) as (_, pid):
        time.sleep(10)  # the first look, and what follows a start
        wakes = [wakes_per_second(pid) for _ in range(9)]
    bare = [timed(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(5)]
    milliseconds(
        "process start to ready",
        ready,
        "1000 ms",
        f"{statistics.median(bare) * 1000:.0f} ms for a bare python",
    )
    milliseconds("SIGTERM to the end", ends, "2000 ms", "the music plays on")
    row(
        "wakes of an idle box, a second",
        f"{statistics.median(wakes):.2f}",
        f"{max(wakes):.2f}",
        "1",
        "all of its threads; the worst has a change of songs in it",
    )
    libraries = imported_memory("import numpy, cv2")
    row(
        "peak memory of the daemon",
        f"{statistics.median(peaks) / MIB:.0f} MiB",
        f"{max(peaks) / MIB:.0f} MiB",
        "120 MB",
        f"{libraries / MIB:.0f} MiB for python with numpy and cv2",
    )


def wakes_per_second(pid: int, seconds: float = 5) -> float:
    """How often the process's threads had waited and went on."""

    def waits() -> int:
        files = Path(f"/proc/{pid}/task").glob("*/status")
        return sum(
            int(file.read_text().partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for file in files
        )

    before = waits()
    time.sleep(seconds)
    return (waits() - before) / seconds


@contextmanager
def daemon(settings: Path, folder: Path, ends: list[float]) -> Iterator[tuple[float, int]]:
    """Run `moodbox run`; yield the seconds until it was ready, by its message to systemd, and its process id.

    The seconds that it takes to end are added to `ends`.
    """
    address = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(30)
        pins = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}
        start = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "device", "run", "--settings", str(settings)],
            env=os.environ | pins | {"NOTIFY_SOCKET": str(address)},
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                while b"READY=1" not in systemd.recv(1000):
                    pass
                seconds = time.perf_counter() - start
                systemd.close()  # the box would wait for a full socket that nobody reads
                yield seconds, process.pid
            finally:
                process.terminate()
                ends.append(timed(process.wait))
    address.unlink()


class EmptyRoom:
    """A camera without end: nobody is there, and nothing changes but the noise."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        # A negative upside down: as detailed as a room, and no face to the box.
        turned = 255 - np.rot90(read_picture(PICTURES[0]), 2)
        room = cv2.resize(turned, (320, 240), interpolation=cv2.INTER_AREA)
        noisy = [room + random.integers(-2, 2, room.shape, endpoint=True) for _ in range(20)]
        self.count = 0
        self._frames = itertools.cycle([np.clip(frame, 0, 255).astype(np.uint8) for frame in noisy])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self) -> Frame:
        self.count += 1
        return next(self._frames)


def bench_nobody(settings: Settings) -> None:
    with patch.object(ChangeDetector, "needs_search", return_value=True):
        always = nobody_shares(settings)
    shares = nobody_shares(settings)
    row(
        "share of a core while nobody is there",
        f"{100 * statistics.median(shares):.1f} %",
        f"{100 * max(shares):.1f} %",
        "5 %",
        f"{100 * statistics.median(always):.1f} % if every frame is searched",
    )


def nobody_shares(settings: Settings) -> list[float]:
    """The processor's time of the whole process for a frame, at five frames a second, in three turns.

    The frames are counted, because a busy machine takes fewer.
    """
    process, room = psutil.Process(), EmptyRoom()
    shares = []
    with harness_for(settings, lambda: room) as harness:
        eventually(lambda: harness.status()["state"] == "no_face")
        for _ in range(3):
            frames, used = room.count, sum(process.cpu_times()[:2])
            time.sleep(3 * MAX_SEARCH_INTERVAL_S)
            shares.append((sum(process.cpu_times()[:2]) - used) / (room.count - frames) / SEARCH_PAUSE_S)
    return shares


def bench_frame() -> None:
    analyzer = FaceAnalyzer(Settings().model, Look())
    frame = np.full((240, 320), 128, np.uint8)
    somebody = cv2.resize(read_picture(PICTURES[0]), (232, 240), interpolation=cv2.INTER_AREA)
    frame[:, 44:276] = somebody
    whole = repeated(lambda: analyzer.analyze(frame), 300)
    face = analyzer.analyze(frame).face
    following = statistics.median(repeated(lambda: analyzer.analyze(frame, face), 100))
    results = [analyzer.analyze(frame) for _ in range(100)]
    find = statistics.median(g.detect_time for g in results)
    read = statistics.median(g.classify_time for g in results)
    milliseconds(
        "a frame of 320x240, face of 80 px or more",
        whole,
        "10 ms",
        f"find {find * 1000:.1f} ms, read {read * 1000:.1f} ms; following one {following * 1000:.1f} ms",
    )


def repeated(action: Callable[[], object], times: int) -> list[float]:
    action()
    return [timed(action) for _ in range(times)]


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def peak_memory(pid: int) -> int:
    """Bytes, by the kernel's high-water mark."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError(pid)


def imported_memory(program: str) -> int:
    wait = f"{program}; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        used = peak_memory(process.pid)
        process.communicate(b"\n")
    return used


def milliseconds(what: str, seconds: list[float], aim: str, comparison: str) -> None:
    median, worst = 1000 * statistics.median(seconds), 1000 * max(seconds)
    row(what, f"{median:.1f} ms", f"{worst:.1f} ms", aim, comparison)


def row(what: str, median: str, worst: str, aim: str, comparison: str) -> None:
    print(f"{what:43}{median:>10}{worst:>11}  {aim:9}{comparison}", flush=True)


def machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "Model"))
    ]
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
