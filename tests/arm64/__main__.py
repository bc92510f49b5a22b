"""`make bench-arm64`: the instructions that the box executes for a frame on a Pi 4, counted in an emulator.

Time says nothing there. The count repeats to a thousandth of a percent, whatever else the computer does.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import device

ROOT = Path(__file__).parent.parent.parent
ARM64 = ROOT / ".arm64"  # script/arm64 makes it


def main() -> None:
    model = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "models" / "mood3.tflite").resolve()
    if not (ARM64 / "plugin.so").exists():
        sys.exit("moodbox: run script/arm64 first, or `make bench-arm64`, which does both")
    frames, mistaken = count(model)
    following = len(frames["next"]) // len(frames["first"])
    looks = [
        statistics.mean([first, *frames["next"][i * following : (i + 1) * following]])
        for i, first in enumerate(frames["first"])
    ]
    print(f"moodbox {device.__version__}, {model.name}, on an emulated Cortex-A72")
    print("frames of 320x240, with a face of about 80 px but for those without\n")
    print(f"{'millions of instructions':45}{'median':>10}{'mean':>10}{'worst':>10}")
    row("the first frame of a look", frames["first"])
    row("a following frame", frames["next"])
    row(f"the mean of a look of {following + 1}", looks)
    row("a frame without a face", frames["nobody"])
    row("the classification alone", frames["read"])
    print(f"\nframes in which a face was missed, or seen where none is: {mistaken}")


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


def row(what: str, counts: list[float]) -> None:
    middle, mean = statistics.median(counts), statistics.mean(counts)
    print(f"{what:45}{middle:>10.2f}{mean:>10.2f}{max(counts):>10.2f}", flush=True)


if __name__ == "__main__":
    main()
