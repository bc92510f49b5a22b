"""python -m tests.pi.press FOLDER [SECONDS]: press the button of the Pi in FOLDER, and print its lights."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from tests.pi.emulated import BUTTON, LIGHTS
from tests.pi.wires import Wires


def main(folder: str, seconds: str = "1.5") -> int:
    """Press the button, and print each light's share of the time that it is on."""
    with closing(Wires(Path(folder) / "qmp", Path(folder) / "qtest")) as wires:
        wires.press(BUTTON, float(seconds))
        for _ in range(5):
            shares = wires.lit(tuple(LIGHTS.values()))
            print("  ".join(f"{mood} {share:4.0%}" for mood, share in zip(LIGHTS, shares, strict=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
