"""`python -m tests.arm64.page`: the instructions that a Pi needs to start the box's page, and to answer."""

from __future__ import annotations

import device
from tests.arm64.__main__ import counted


def main() -> None:
    """Count, and print a table."""
    print(f"moodbox {device.__version__}, on an emulated Cortex-A72, millions of instructions")
    counted("tests.arm64.count_page")  # compiles the modules, as a deploy does
    for name, instructions in counted("tests.arm64.count_page"):
        print(f"{name:28}{instructions:9.1f}")


if __name__ == "__main__":
    main()
