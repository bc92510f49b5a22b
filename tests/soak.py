"""`make soak`: uses a real box at random for an hour, and checks that it does not grow or slow down.

The box is a process of its own, on gpiozero's mock pins, with pictures as its camera and a real MPD. Songs
are skipped or played to their end, and MPD is stopped, killed or made to hang now and then.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mpd
import msgspec
import psutil
from gpiozero import Device

import device
from device.config.settings import Look, Panel, Service, Settings
from device.demo.harness import Harness, harness_for
from device.demo.server import PrivateMpd
from device.demo.slideshow import Slideshow
from device.demo.songs import make_library

PICTURES = sorted((Path(device.__file__).parent / "pictures").glob("*.jpg"))
MIB = 2**20
HOLD_S = 0.5  # how long a hold must last; long holds, which switch a machine off, are disabled
OBSERVATION_TIMEOUT_S = 30.0
PRESS_TIMEOUT_S = 3.0  # a press that has started no observation by then is repeated, as a person would
MAX_MISSED_PRESSES = 10  # in a row
FAULT_INTERVAL_S = 60.0  # from one fault of MPD to the next; the first comes after half of it at the latest


@dataclass
class Series:
    """A quantity that is measured again and again.

    min_share, min_growth: it counts as growing if its median rises by more than this share and by more than
    this amount from the second quarter of the time, after the warm-up, to the last.
    """

    name: str
    unit: str
    min_share: float
    min_growth: float
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, time: float, value: float) -> None:
        """Add a value measured at `time`, in seconds."""
        self.times.append(time)
        self.values.append(value)

    def quarter(self, number: int) -> float:
        """The median of the values in one of the four quarters of the time; number: 0 to 3."""
        start, length = self.times[0], (self.times[-1] - self.times[0]) / 4
        values = [
            value
            for time, value in zip(self.times, self.values, strict=True)
            if start + number * length <= time <= start + (number + 1) * length
        ]
        return statistics.median(values or self.values)

    @property
    def grows(self) -> bool:
        """Whether it is larger in the last quarter than in the second."""
        before, after = self.quarter(1), self.quarter(3)
        return after > before * (1 + self.min_share) and after > before + self.min_growth

    def __str__(self) -> str:
        return f"{self.name} {self.quarter(1):.4g} to {self.quarter(3):.4g} {self.unit}".strip()


def all_series() -> list[Series]:
    """What is measured, still without values."""
    return [
        Series("memory", "MiB", min_share=0.03, min_growth=1.5),
        Series("open files", "", min_share=0, min_growth=0.9),
        Series("threads", "", min_share=0, min_growth=0.9),
        Series("an observation", "s", min_share=0.5, min_growth=0.1),
    ]


def judge(series: Sequence[Series]) -> tuple[str, int]:
    """A line with the result, and the exit code."""
    growing = [each for each in series if each.grows]
    line = f"{'grows' if growing else 'flat'}: {', '.join(map(str, growing or series))}"
    return line, 1 if growing else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 if something grows."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--plot", type=Path, default=Path("soak.png"), help="default: soak.png")
    parser.add_argument("--seed", type=int, default=None, help="of the random actions; default: a random one")
    parser.add_argument("--box", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.box:
        return run_box(Path(options.box))
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"{options.minutes:g} minutes, with --seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="moodbox-soak-") as name:
        make_library(Path(name) / "music")
        with PrivateMpd(Path(name)) as server:
            server.update()
            series, summary = soak(server, options.minutes * 60, random.Random(seed))
    plot(series, options.plot)
    line, code = judge(series)
    print(f"{summary}, {options.plot}\n{line}")
    return code


def soak(server: PrivateMpd, seconds: float, rng: random.Random) -> tuple[list[Series], str]:
    """Use a box for `seconds`; returns the measurements, and a summary of what was done."""
    folder = server.folder
    settings = Settings(
        look=Look(),
        panel=Panel(hold=HOLD_S, off=0),
        music=msgspec.structs.replace(server.link, timeout=1.0),
        service=Service(socket=str(folder / "control.sock"), state=str(folder / "state")),
    )
    (folder / "box.json").write_bytes(msgspec.json.encode(settings))
    series = all_series()
    memory, files, threads, observation = series
    faults = ["stop", "kill", "hang"]
    counted = dict.fromkeys(("observations", "missed presses", "pauses", "skips", "ends", *faults), 0)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak", "--box", str(folder / "box.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "log").open("wb"),
        text=True,
    ) as box:
        process, start = psutil.Process(box.pid), time.monotonic()
        next_fault = start + min(FAULT_INTERVAL_S / 2, seconds / 3)
        _ask(box, "press")  # the start of the box is not measured
        while (now := time.monotonic()) < start + seconds:
            if now >= next_fault:
                counted[fault := rng.choice(faults)] += 1
                _break_mpd(server, fault, rng.uniform(0, 3))
                next_fault = time.monotonic() + FAULT_INTERVAL_S
            action = rng.choices(["observations", "pauses", "skips", "ends"], [6, 1, 2, 1])[0]
            counted[action] += 1
            if action == "observations":
                duration, missed = json.loads(_ask(box, "press"))
                observation.add(time.monotonic() - start, duration)
                counted["missed presses"] += missed
            elif action == "pauses":
                _ask(box, "hold")
                _ask(box, "hold")
            else:
                _use_mpd(server, action)
            with process.oneshot():
                memory.add(time.monotonic() - start, process.memory_info().rss / MIB)
                files.add(time.monotonic() - start, process.num_fds())
                threads.add(time.monotonic() - start, process.num_threads())
            time.sleep(rng.uniform(0, 1))
        status = json.loads(_ask(box, "status"))
        assert status["trouble"] == {}, status
        assert box.stdin is not None
        box.stdin.close()
        assert box.wait(30) == 0, (folder / "log").read_text()[-2000:]
    done = ", ".join(f"{number} {action}" for action, number in counted.items())
    return series, f"{done}; {status['start']}"


def _ask(box: subprocess.Popen[str], word: str) -> str:
    assert box.stdin is not None
    assert box.stdout is not None
    box.stdin.write(f"{word}\n")
    box.stdin.flush()
    answer = box.stdout.readline().strip()
    assert answer, f"the box has ended with {box.poll()}"
    return answer


def _break_mpd(server: PrivateMpd, fault: str, seconds: float) -> None:
    """Make MPD fail for a while."""
    if fault == "hang":
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(server.pid, signal.SIGCONT)
        return
    getattr(server, fault)()
    time.sleep(seconds)
    server.start()


def _use_mpd(server: PrivateMpd, action: str) -> None:
    """Skip the song, or let it play to its end, as a person with an MPD client would."""
    client = server.client()
    try:
        song = client.currentsong()
        if action == "skips":
            client.next()
        elif song:
            client.seekcur(max(0.0, float(song["duration"]) - 1))
    except mpd.CommandError:
        pass  # no song is playing
    finally:
        client.disconnect()


def run_box(file: Path) -> int:
    """Do what stdin says, one word a line, and answer each line on stdout."""
    settings = msgspec.json.decode(file.read_bytes(), type=Settings)
    slideshow = Slideshow(PICTURES)
    with harness_for(settings, slideshow.open) as harness:
        for word in sys.stdin:
            for pin in Device.pin_factory.pins.values():
                pin.clear_states()  # a mock pin keeps all its past states, which would grow
            answer = "done"
            if word.strip() == "press":
                slideshow.advance()
                answer = json.dumps(_observe(harness))
            elif word.strip() == "hold":
                harness.press(HOLD_S + 0.2)
                time.sleep(0.2)
            else:
                answer = json.dumps(harness.status())
            print(answer, flush=True)
    return 0


def _observe(harness: Harness) -> tuple[float, int]:
    """The seconds from the press to the decision, and the number of missed presses before.

    On a busy machine the box may wake after a short press is over.
    """
    start, missed = time.perf_counter(), 0
    harness.press()
    while not harness.wait_for_observation(PRESS_TIMEOUT_S) and missed < MAX_MISSED_PRESSES:
        start, missed = time.perf_counter(), missed + 1
        harness.press()
    if not harness.wait_for_decision(OBSERVATION_TIMEOUT_S):
        raise RuntimeError(f"no decision: {harness.state}")
    return time.perf_counter() - start, missed


def plot(series: Sequence[Series], path: Path) -> None:
    """Draw the measurements over time, as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained", sharex=True)
    for axis, each in zip(axes.flat, series, strict=True):
        axis.plot([time / 60 for time in each.times], each.values, ".", markersize=2)
        axis.set(title=str(each), ylim=(0, 1.2 * max(each.values)))
        axis.grid(alpha=0.3)
    for axis in axes[1]:
        axis.set_xlabel("minutes")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    sys.exit(main())
