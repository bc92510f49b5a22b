"""`python -m tests.device.bench_against FOLDER`: the box of this checkout and that of another, side by side.

Boxes of both run in turns, at the same MPD, and the smallest value of each is printed: other programs only
make it larger. Both run in this Python, with its packages. `git worktree add FOLDER COMMIT` makes FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
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
SETTLE_S, IDLE_S, LOOK_S, LOOKS = 3.0, 20.0, 2.5, 8
Figures = dict[str, float]


def main() -> None:
    """Print a table with a column for each checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    trees = {"other": options.folder.resolve(), "this": HERE}
    figures: dict[str, list[Figures]] = {name: [] for name in trees}
    with TemporaryDirectory() as folder, PrivateMpd(Path(folder)) as mpd:
        make_library(mpd.music)
        mpd.update()
        for number in range(options.rounds):
            for name in sorted(trees, reverse=bool(number % 2)):
                client = mpd.client()
                client.clear()
                client.disconnect()
                figures[name].append(figures_of(trees[name], mpd))
    print(f"{'the smallest of ' + str(options.rounds):44} {'other':>9} {'this':>9}")
    for key in figures["this"][0]:
        least = [min(each[key] for each in figures[name]) for name in trees]
        print(f"{key:44} {least[0]:9.1f} {least[1]:9.1f}")


def figures_of(tree: Path, mpd: PrivateMpd) -> Figures:
    """Run the box of a checkout, and measure it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "moodbox.toml"
        picture = PICTURES / "eileen_collins.jpg"
        file.write_text(SETTINGS.format(picture=picture, mpd=mpd.address, folder=folder))
        command = [sys.executable, "-m", "device", "run", "--settings", str(file)]
        environment = os.environ | MOCK_PINS | {"PYTHONPATH": str(tree)}
        box = subprocess.Popen(command, cwd=tree, env=environment, stderr=subprocess.DEVNULL)
        try:
            return _measured(box.pid, folder / "control.sock")
        finally:
            box.terminate()
            box.wait()


def _measured(pid: int, socket: Path) -> Figures:
    eventually(lambda: _plays(socket))
    time.sleep(SETTLE_S)
    start, resident, own = _processor_ms(pid), _memory_kib(pid, "Rss"), _memory_kib(pid, "Private_Dirty")
    wakes = _wakes(pid)
    time.sleep(IDLE_S)
    wakes = _wakes(pid) - wakes
    looks = []
    for _ in range(LOOKS):
        before = _processor_ms(pid)
        ask(socket, "press")
        time.sleep(LOOK_S)
        looks.append(_processor_ms(pid) - before)
    return {
        "memory, KiB": resident,
        "of it no other process's, KiB": own,
        "memory after some looks, KiB": _memory_kib(pid, "Rss"),
        "processor time of the start, ms": start,
        "processor time of a press and its look, ms": min(looks),
        f"wakes in {IDLE_S:.0f} s without a press": wakes,
    }


def _plays(socket: Path) -> bool:
    try:
        return bool(ask(socket, "status")["playing"] == "play")
    except (ServiceError, json.JSONDecodeError):
        return False


def _memory_kib(pid: int, key: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return float(found[1])


def _processor_ms(pid: int) -> float:
    """What its threads have used, without those that have ended."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def _wakes(pid: int) -> float:
    statuses = [thread.read_text() for thread in Path(f"/proc/{pid}/task").glob("*/status")]
    return float(sum(int(text.rpartition("\nvoluntary_ctxt_switches:")[2].split()[0]) for text in statuses))


if __name__ == "__main__":
    main()
