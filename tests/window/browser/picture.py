"""Puts two of the screenshots of `make test-window` side by side, for README.md and docs/window.md."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SHOTS = ("now-light-390x844.png", "now-dark-1280x800.png")
HEIGHT, GAP = 620, 24


def picture(folder: Path) -> NDArray[np.uint8]:
    """Return both at the same height, with nothing between them."""
    parts: list[NDArray[np.uint8]] = []
    for name in SHOTS:
        shot = cv2.cvtColor(cv2.imread(str(folder / name)), cv2.COLOR_BGR2BGRA)
        width = round(shot.shape[1] * HEIGHT / shot.shape[0])
        parts += [np.asarray(cv2.resize(shot, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)]
    gap = np.zeros((HEIGHT, GAP, 4), np.uint8)
    return np.hstack([parts[0], gap, parts[1]])


if __name__ == "__main__":
    cv2.imwrite(sys.argv[2], picture(Path(sys.argv[1])), [cv2.IMWRITE_PNG_COMPRESSION, 9])
