"""`make bench-arm64`: the instructions that the box executes for a frame on a Pi 4, counted in an emulator.

Time says nothing there. The count repeats to a thousandth of a percent, whatever else the computer does: so
each mean stands beside the one that was kept with --keep, and a change for the worse shows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import device

ROOT = Path(__file__).parent.parent.parent
ARM64 = ROOT / ".arm64"  # script/arm64 makes it


RECORD = Path(__file__).with_name("record.json")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-arm64 ARGS=...")
    shipped = ROOT / "models" / "mood3.tflite"
    parser.add_argument("model", nargs="?", type=Path, default=shipped, help="a .tflite file with its card")
    parser.add_argument("--keep", action="store_true", help="what later runs are to be held against")
    asked = parser.parse_args()
    if not (ARM64 / "plugin.so").exists():
        sys.exit("moodbox: run script/arm64 first, or `make bench-arm64`, which does both")
    frames, mistaken = count(asked.model.resolve())
    following = len(frames["next"]) // len(frames["first"])
    looks = [
        statistics.mean([first, *frames["next"][i * following : (i + 1) * following]])
        for i, first in enumerate(frames["first"])
    ]
    counts = {
        "the first frame of a look": frames["first"],
        "a following frame": frames["next"],
        f"the mean of a look of {following + 1}": looks,
        "a frame without a face": frames["nobody"],
        "the classification alone": frames["read"],
    }
    kept = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    print(f"moodbox {device.__version__}, {asked.model.name}, on an emulated Cortex-A72")
    print("frames of 320x240, with a face of about 80 px but for those without\n")
    print(
        f"{'millions of instructions':35}{'median':>9}{'mean':>9}{'worst':>9}{'kept mean':>11}{'change':>9}"
    )
    for what, counted in counts.items():
        row(what, counted, kept.get(what))
    print(f"\nframes in which a face was missed, or seen where none is: {mistaken}")
    if asked.keep:
        means = {what: round(statistics.mean(counted), 2) for what, counted in counts.items()}
        RECORD.write_text(json.dumps(means, indent=1) + "\n")


def count(model: Path) -> tuple[dict[str, list[float]], int]:
    """Millions of instructions, of each frame by its kind; and in how many frames the box was mistaken."""
    run = subprocess.run(
        [*emulator(), ARM64 / "root/usr/bin/python3.11", "-m", "tests.arm64.count", model],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ARM64 / "packages"),
            "PYTHONHASHSEED": "0",
            "OPENBLAS_NUM_THREADS": "1",  # what other threads do meanwhile would be counted too
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(f"{run.stdout}{run.stderr}moodbox: nothing was counted")
    marks = [int(line.split()[1]) for line in run.stderr.splitlines() if line.startswith("instructions:")]
    lines = run.stdout.splitlines()
    frames = defaultdict(list)
    for line, before, after in zip(lines, marks[::2], marks[1::2], strict=True):
        frames[line.split()[0]].append((after - before) / 1e6)
    return frames, sum(lines.count(line) for line in ("first none", "next none", "nobody face"))


def emulator() -> list[str | Path]:
    """QEMU with the libraries that it was built for, whatever this computer has."""
    qemu = ARM64 / "qemu"
    loader = next(qemu.glob("lib*/ld-linux-*"))
    libraries = [*qemu.glob("lib/*-linux-gnu"), *qemu.glob("usr/lib/*-linux-gnu")]
    return [
        *(loader, "--library-path", ":".join(map(str, libraries)), qemu / "usr/bin/qemu-aarch64"),
        *("-cpu", "cortex-a72", "-L", ARM64 / "root", "-plugin", ARM64 / "plugin.so"),
    ]


def row(what: str, counts: list[float], kept: float | None) -> None:
    middle, mean = statistics.median(counts), statistics.mean(counts)
    beside = f"{kept:>11.2f}{mean / kept - 1:>+9.1%}" if kept else f"{'-':>11}{'-':>9}"
    print(f"{what:35}{middle:>9.2f}{mean:>9.2f}{max(counts):>9.2f}{beside}", flush=True)


if __name__ == "__main__":
    main()
