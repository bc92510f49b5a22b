"""`make bench-arm64`: the instructions that the box executes for a frame on a Pi 4, counted in an emulator.

Times in an emulator mean nothing. The count repeats to a thousandth of a percent, whatever else the computer
does. Each mean is printed beside the one that was stored with --keep, so that a regression is visible.
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
ARM64 = ROOT / ".arm64"  # made by script/arm64
RECORD = Path(__file__).with_name("record.json")


def main() -> None:
    """Count, print the table, and store the means if options to."""
    parser = argparse.ArgumentParser(prog="make bench-arm64 ARGS=...")
    shipped = ROOT / "models" / "mood3.tflite"
    parser.add_argument("model", nargs="?", type=Path, default=shipped, help="a .tflite file with its card")
    parser.add_argument(
        "--keep", action="store_true", help="store the means, so that later runs are compared with them"
    )
    options = parser.parse_args()
    frames, mistakes = count(options.model.resolve())
    following = len(frames["next"]) // len(frames["first"])
    observations = [
        statistics.mean([first, *frames["next"][i * following : (i + 1) * following]])
        for i, first in enumerate(frames["first"])
    ]
    counts = {
        "the first frame of a look": frames["first"],
        "a following frame": frames["next"],
        f"the mean of a look of {following + 1}": observations,
        "a frame without a face": frames["nobody"],
        "a minute of an unchanged scene": frames["unchanged"],
        "the classification alone": frames["read"],
    }
    stored = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    print(f"moodbox {device.__version__}, {options.model.name}, on an emulated Cortex-A72")
    print("frames of 320x240, with a face of about 80 px or none\n")
    print(
        f"{'millions of instructions':35}{'median':>9}{'mean':>9}{'worst':>9}{'kept mean':>11}{'change':>9}"
    )
    for what, counted in counts.items():
        row(what, counted, stored.get(what))
    print(f"\nframes with a missed face or a false one: {mistakes}")
    if options.keep:
        means = {what: round(statistics.mean(counted), 2) for what, counted in counts.items()}
        RECORD.write_text(json.dumps(means, indent=1) + "\n")


def count(model: Path) -> tuple[dict[str, list[float]], int]:
    """Millions of instructions of each frame, by kind; and the number of frames with a wrong detection."""
    frames = defaultdict(list)
    lines = []
    for line, instructions in counted("tests.arm64.count", model):
        lines.append(line)
        frames[line.split()[0]].append(instructions)
    mistakes = ("first none", "next none", "nobody face", "unchanged face")
    return frames, sum(lines.count(line) for line in mistakes)


def counted(module: str, *arguments: str | Path) -> list[tuple[str, float]]:
    """Run a module on the emulated arm64: each line that it prints, with the millions of instructions for it.

    Args:
        module: makes the system call MARK before and after what each line is about.
        arguments: for the module.
    """
    if not (ARM64 / "plugin.so").exists():
        sys.exit("moodbox: run script/arm64 first, or `make bench-arm64`, which does both")
    run = subprocess.run(
        [*emulator(), ARM64 / "root/usr/bin/python3.11", "-m", module, *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ARM64 / "packages"),
            "PYTHONHASHSEED": "0",
            "OPENBLAS_NUM_THREADS": "1",  # instructions of other threads would be counted too
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(f"{run.stdout}{run.stderr}moodbox: nothing was counted")
    marks = [int(line.split()[1]) for line in run.stderr.splitlines() if line.startswith("instructions:")]
    return [
        (line, (after - before) / 1e6)
        for line, before, after in zip(run.stdout.splitlines(), marks[::2], marks[1::2], strict=True)
    ]


def emulator() -> list[str | Path]:
    """The command line of QEMU, with the libraries that it was built for instead of this computer's."""
    qemu = ARM64 / "qemu"
    loader = next(qemu.glob("lib*/ld-linux-*"))
    libraries = [*qemu.glob("lib/*-linux-gnu"), *qemu.glob("usr/lib/*-linux-gnu")]
    return [
        *(loader, "--library-path", ":".join(map(str, libraries)), qemu / "usr/bin/qemu-aarch64"),
        *("-cpu", "cortex-a72", "-L", ARM64 / "root", "-plugin", ARM64 / "plugin.so"),
    ]


def row(what: str, counts: list[float], stored: float | None) -> None:
    """Print a row of the table."""
    median, mean = statistics.median(counts), statistics.mean(counts)
    comparison = f"{stored:>11.2f}{mean / stored - 1:>+9.1%}" if stored else f"{'-':>11}{'-':>9}"
    print(f"{what:35}{median:>9.2f}{mean:>9.2f}{max(counts):>9.2f}{comparison}", flush=True)


if __name__ == "__main__":
    main()
