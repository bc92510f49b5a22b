"""`make soak`: a real box that is pressed at random for an hour: does it stay as small and quick as it was?

The box is a process of its own, on gpiozero's mock pins, with pictures for a camera and a real MPD, whose
songs are skipped and heard to their end, and which is stopped, killed and made to hang now and then.
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
HOLD = 0.5  # seconds until a hold means pause; and none of them switches this machine off
LOOK = 30.0  # seconds within which a look has to end
HEARD = 3.0  # seconds after which a press that began no look is made again, as a person would
MOST = 10  # such presses in a row
EACH = 60.0  # seconds from one mishap of MPD to the next, and half of that in the first minute


@dataclass
class Series:
    """Something that is measured again and again.

    share, least: it grows if it becomes larger by this share and by this much, from the second quarter of the
    time, when all is warm, to the last.
    """

    name: str
    unit: str
    share: float
    least: float
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, when: float, value: float) -> None:
        self.times.append(when)
        self.values.append(value)

    def quarter(self, number: int) -> float:
        """The median of the values in one of the four quarters of the time; number: 0 to 3."""
        begin, length = self.times[0], (self.times[-1] - self.times[0]) / 4
        of_it = [
            value
            for when, value in zip(self.times, self.values, strict=True)
            if begin + number * length <= when <= begin + (number + 1) * length
        ]
        return statistics.median(of_it or self.values)

    @property
    def grows(self) -> bool:
        before, after = self.quarter(1), self.quarter(3)
        return after > before * (1 + self.share) and after > before + self.least

    def __str__(self) -> str:
        return f"{self.name} {self.quarter(1):.4g} to {self.quarter(3):.4g} {self.unit}".strip()


def all_series() -> list[Series]:
    return [
        Series("memory", "MiB", share=0.03, least=1.5),
        Series("open files", "", share=0, least=0.9),
        Series("threads", "", share=0, least=0.9),
        Series("a look", "s", share=0.5, least=0.1),
    ]


def judge(series: Sequence[Series]) -> tuple[str, int]:
    """A line, and an exit code."""
    growing = [one for one in series if one.grows]
    line = f"{'grows' if growing else 'flat'}: {', '.join(map(str, growing or series))}"
    return line, 1 if growing else 0


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--plot", type=Path, default=Path("soak.png"), help="default: soak.png")
    parser.add_argument("--seed", type=int, default=None, help="of what happens when; default: chance")
    parser.add_argument("--box", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.box:
        return be_the_box(Path(options.box))
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"{options.minutes:g} minutes, with --seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="moodbox-soak-") as name:
        make_library(Path(name) / "music")
        with PrivateMpd(Path(name)) as server:
            server.update()
            series, said = soak(server, options.minutes * 60, random.Random(seed))
    plot(series, options.plot)
    line, code = judge(series)
    print(f"{said}, {options.plot}\n{line}")
    return code


def soak(server: PrivateMpd, seconds: float, chance: random.Random) -> tuple[list[Series], str]:
    """What was measured, and what was done."""
    folder = server.folder
    settings = Settings(
        look=Look(),
        panel=Panel(hold=HOLD, off=0),
        music=msgspec.structs.replace(server.link, timeout=1.0),
        service=Service(socket=str(folder / "control.sock"), state=str(folder / "state")),
    )
    (folder / "box.json").write_bytes(msgspec.json.encode(settings))
    series = all_series()
    memory, files, threads, look = series
    mishaps = ["stop", "kill", "hang"]
    counted = dict.fromkeys(("looks", "presses unheard", "pauses", "skips", "ends", *mishaps), 0)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak", "--box", str(folder / "box.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "log").open("wb"),
        text=True,
    ) as box:
        process, begin = psutil.Process(box.pid), time.monotonic()
        mishap = begin + min(EACH / 2, seconds / 3)
        _ask(box, "press")  # the start is no part of it
        while (now := time.monotonic()) < begin + seconds:
            if now >= mishap:
                counted[how := chance.choice(mishaps)] += 1
                _mishap(server, how, chance.uniform(0, 3))
                mishap = time.monotonic() + EACH
            what = chance.choices(["looks", "pauses", "skips", "ends"], [6, 1, 2, 1])[0]
            counted[what] += 1
            if what == "looks":
                seconds_of_it, unheard = json.loads(_ask(box, "press"))
                look.add(time.monotonic() - begin, seconds_of_it)
                counted["presses unheard"] += unheard
            elif what == "pauses":
                _ask(box, "hold")
                _ask(box, "hold")
            else:
                _as_a_listener(server, what)
            with process.oneshot():
                memory.add(time.monotonic() - begin, process.memory_info().rss / MIB)
                files.add(time.monotonic() - begin, process.num_fds())
                threads.add(time.monotonic() - begin, process.num_threads())
            time.sleep(chance.uniform(0, 1))
        status = json.loads(_ask(box, "status"))
        assert status["trouble"] == {}, status
        assert box.stdin is not None
        box.stdin.close()
        assert box.wait(30) == 0, (folder / "log").read_text()[-2000:]
    done = ", ".join(f"{number} {what}" for what, number in counted.items())
    return series, f"{done}; {status['start']}"


def _ask(box: subprocess.Popen[str], word: str) -> str:
    assert box.stdin is not None
    assert box.stdout is not None
    box.stdin.write(f"{word}\n")
    box.stdin.flush()
    answer = box.stdout.readline().strip()
    assert answer, f"the box has ended with {box.poll()}"
    return answer


def _mishap(server: PrivateMpd, how: str, seconds: float) -> None:
    """MPD goes for a while, and is back."""
    if how == "hang":
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(server.pid, signal.SIGCONT)
        return
    getattr(server, how)()
    time.sleep(seconds)
    server.start()


def _as_a_listener(server: PrivateMpd, what: str) -> None:
    """Skips the song, or lets it come to its end."""
    client = server.client()
    try:
        song = client.currentsong()
        if what == "skips":
            client.next()
        elif song:
            client.seekcur(max(0.0, float(song["duration"]) - 1))
    except mpd.CommandError:
        pass  # nothing plays just now
    finally:
        client.disconnect()


def be_the_box(file: Path) -> int:
    """Does what stdin says, a word a line, and answers each."""
    settings = msgspec.json.decode(file.read_bytes(), type=Settings)
    slideshow = Slideshow(PICTURES)
    with harness_for(settings, slideshow.open) as harness:
        for word in sys.stdin:
            for pin in Device.pin_factory.pins.values():
                pin.clear_states()  # a mock pin keeps all that it ever was
            answer = "done"
            if word.strip() == "press":
                slideshow.turn()
                answer = json.dumps(_look(harness))
            elif word.strip() == "hold":
                harness.press(HOLD + 0.2)
                time.sleep(0.2)
            else:
                answer = json.dumps(harness.status())
            print(answer, flush=True)
    return 0


def _look(harness: Harness) -> tuple[float, int]:
    """How many seconds it took from the press to the verdict, and how many presses were not heard before:
    on a busy machine the box may wake after a short one is over."""
    begin, unheard = time.perf_counter(), 0
    harness.press()
    while not harness.wait_for_look(HEARD) and unheard < MOST:
        begin, unheard = time.perf_counter(), unheard + 1
        harness.press()
    if not harness.wait_for_decision(LOOK):
        raise RuntimeError(f"no verdict: {harness.state}")
    return time.perf_counter() - begin, unheard


def plot(series: Sequence[Series], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 6), layout="constrained", sharex=True)
    for axis, one in zip(axes.flat, series, strict=True):
        axis.plot([when / 60 for when in one.times], one.values, ".", markersize=2)
        axis.set(title=str(one), ylim=(0, 1.2 * max(one.values)))
        axis.grid(alpha=0.3)
    for axis in axes[1]:
        axis.set_xlabel("minutes")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    sys.exit(main())
