"""`python -m tests.arm64.parts`: instructions on a Pi 4, of each compared model and each face detector.

The counts of the models are stored in the folder of the models, where `moodbox-converter compare` finds them.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path

import device
from converter.comparison.store import INSTRUCTIONS, read_instructions
from device.vision.model_card import read_card
from tests.arm64.__main__ import ROOT, counted


def main() -> None:
    """Count, print both tables, and store the models' counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.arm64.parts")
    parser.add_argument("models", nargs="*", type=Path, help=".tflite files with their cards")
    parser.add_argument("--out", type=Path, help="the folder of the comparison, for the models' counts")
    parser.add_argument("--detectors", action="store_true", help="count the face detectors, too")
    options = parser.parse_args()
    print(
        f"moodbox {device.__version__}, on an emulated Cortex-A72, millions of instructions, tflite-runtime"
    )
    if options.models:
        _count_models([model.resolve() for model in options.models], options.out)
    if options.detectors:
        _count_detectors()


def _count_models(models: list[Path], out: Path | None) -> None:
    counts = {
        Path(path): instructions
        for path, instructions in counted("tests.arm64.count_parts", "models", *models)
    }
    for model in models:
        print(f"{model.name:30}{counts[model]:9.2f}")
    if out:
        stored = read_instructions(out) | {
            read_card(model).sha256: round(counts[model], 2) for model in models
        }
        (out / INSTRUCTIONS).write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")


def _count_detectors() -> None:
    by_name: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    model = ROOT / "models" / "mood3.tflite"
    for line, instructions in counted("tests.arm64.count_parts", "detectors", model):
        name, kind = line.split("/")
        by_name[name][kind].append(instructions)
    print(f"{'frames of 320x240, mean':30}{'a face':>9}{'nobody':>9}")
    for name, kinds in by_name.items():
        print(f"{name:30}{statistics.fmean(kinds['face']):9.1f}{statistics.fmean(kinds['nobody']):9.1f}")


if __name__ == "__main__":
    main()
