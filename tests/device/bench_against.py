"""`python -m tests.device.bench_against FOLDER`: the box of this checkout and that of another, side by side.

Boxes of both run in turns, at the same MPD, and the smallest value and the median of each are printed: other
programs only make them larger. Both run in this Python, with its packages. The modules are compiled before,
as a deploy does. `git worktree add FOLDER COMMIT` makes FOLDER.

`--start` measures the start alone. `--instructions` counts those of the start with valgrind, which hardly
depend on what else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from device.control.client import ask
from device.demo.server import PrivateMpd
from device.demo.show import PICTURES
from device.demo.songs import make_library
from device.errors import ServiceError
from tests.device.cli.commands import MOCK_PINS
from tests.waiting import eventually

HERE = Path(__file__).resolve().parents[2]
SETTINGS = """
[camera]
source = "images:{picture}"
[look]
readings = 1
[music]
address = "{mpd}"
listen = false
[service]
socket = "{folder}/control.sock"
state = "{folder}/state"
"""
READY_S, SETTLE_S, IDLE_S, LOOK_S, LOOKS = 600.0, 3.0, 20.0, 2.5, 8
ENDS_WHEN_READY = """
import os, sys
from device.cli.main import main
from device.system import private_memory
private_memory.overwrite_freed_memory = lambda: os._exit(0)  # the last step of the start
sys.exit(main())
"""
Figures = dict[str, float]


def main() -> None:
    """Print a table with two columns for each checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=4)
    parser.set_defaults(measure=figures_of)
    for what, measure in {"start": start_of, "instructions": instructions_of}.items():
        parser.add_argument(f"--{what}", dest="measure", action="store_const", const=measure)
    options = parser.parse_args()
    trees = {"other": options.folder.resolve(), "this": HERE}
    figures: dict[str, list[Figures]] = {name: [] for name in trees}
    with TemporaryDirectory() as folder, PrivateMpd(Path(folder)) as mpd:
        os.environ |= {"PYTHONPYCACHEPREFIX": f"{folder}/compiled", "PYTHONDONTWRITEBYTECODE": ""}
        make_library(mpd.music)
        mpd.update()
        for tree in trees.values():
            with box_of(tree, mpd) as box:
                box.wait_until_ready()  # now all is compiled
        for number in range(options.rounds):
            for name in sorted(trees, reverse=bool(number % 2)):
                client = mpd.client()
                client.clear()
                client.disconnect()
                figures[name].append(options.measure(trees[name], mpd))
    print(f"{f'of {options.rounds}: the smallest, the median':44}" + "".join(f"{name:>20}" for name in trees))
    for key in figures["this"][0]:
        values = [[each[key] for each in figures[name]] for name in trees]
        print(f"{key:44}" + "".join(f"{min(each):10.1f}{median(each):10.1f}" for each in values))


@dataclass(frozen=True)
class RunningBox:
    """A box of a checkout."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def socket(self) -> Path:
        return self.folder / "control.sock"

    def wait_until_ready(self) -> None:
        eventually(lambda: "ready after" in self.log.read_text(), READY_S)

    def plays(self) -> bool:
        try:
            return bool(ask(self.socket, "status")["playing"] == "play")
        except (ServiceError, json.JSONDecodeError):
            return False


@contextmanager
def box_of(
    tree: Path, mpd: PrivateMpd, before: Sequence[str] = (), program: Sequence[str] = ("-m", "device")
) -> Iterator[RunningBox]:
    """Run the box of a checkout, by the command `before` if there is one, and by Python with `program`."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "moodbox.toml"
        picture = PICTURES / "eileen_collins.jpg"
        file.write_text(SETTINGS.format(picture=picture, mpd=mpd.address, folder=folder))
        command = [*before, sys.executable, *program, "run", "--settings", str(file)]
        environment = os.environ | MOCK_PINS | {"PYTHONPATH": str(tree)}
        with (folder / "log").open("w") as log:
            box = subprocess.Popen(command, cwd=tree, env=environment, stderr=log)
        try:
            yield RunningBox(box, folder)
        finally:
            box.terminate()
            box.wait()


def instructions_of(tree: Path, mpd: PrivateMpd) -> Figures:
    """Count the instructions of a box until it is ready."""
    counting = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    with box_of(tree, mpd, counting, ("-c", ENDS_WHEN_READY)) as box:
        box.process.wait(READY_S)
        total = re.search(r"Collected : (\d+)", box.log.read_text())
    assert total
    return {"instructions of the start, millions": int(total[1]) / 1e6}


def start_of(tree: Path, mpd: PrivateMpd) -> Figures:
    """Measure the start of a box."""
    with box_of(tree, mpd) as box:
        return _start(box)


def figures_of(tree: Path, mpd: PrivateMpd) -> Figures:
    """Measure a box: its start, its rest, and its looks."""
    with box_of(tree, mpd) as box:
        start, pid = _start(box), box.process.pid
        wakes = _wakes(pid)
        time.sleep(IDLE_S)
        wakes = _wakes(pid) - wakes
        looks = []
        for _ in range(LOOKS):
            before = _processor_ms(pid)
            ask(box.socket, "press")
            time.sleep(LOOK_S)
            looks.append(_processor_ms(pid) - before)
        return start | {
            "memory after some looks, KiB": _memory_kib(pid, "Rss"),
            "processor time of a press and its look, ms": min(looks),
            f"wakes in {IDLE_S:.0f} s without a press": wakes,
        }


def _start(box: RunningBox) -> Figures:
    pid = box.process.pid
    box.wait_until_ready()
    ready = _processor_ms(pid)
    eventually(box.plays, pause=0.5)
    time.sleep(SETTLE_S)
    return {
        "processor time until it is ready, ms": ready,
        "processor time until music has begun, ms": _processor_ms(pid),
        "memory, KiB": _memory_kib(pid, "Rss"),
        "of it no other process's, KiB": _memory_kib(pid, "Private_Dirty"),
    }


def _memory_kib(pid: int, key: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return float(found[1])


def _processor_ms(pid: int) -> float:
    """What all of its threads have used, also those that have ended: see clock_getcpuclockid(3)."""
    return 1e3 * time.clock_gettime(~pid << 3 | 2)


def _wakes(pid: int) -> float:
    statuses = [thread.read_text() for thread in Path(f"/proc/{pid}/task").glob("*/status")]
    return float(sum(int(text.rpartition("\nvoluntary_ctxt_switches:")[2].split()[0]) for text in statuses))


if __name__ == "__main__":
    main()
