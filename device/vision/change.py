"""Tells whether something has changed in front of the camera, far more cheaply than a search for a face.

While nobody is there, a face is searched for only after a change, and every few seconds in case one was
missed.

The frame is scaled down to cells and compared with the frame that was searched last. What changes everywhere
alike (exposure), along rows (the bands of a lamp that flickers with the mains) or along columns (daylight
from a side) is subtracted. A cell has changed if it differs by much more than the noise of all cells, and
than it has differed itself in the last frames: a lamp that flickers is soon ignored.

The limits were chosen on pictures with synthetic noise, light and heads (tests/bench_change.py): noise alone
hardly ever causes a search, and a head of the smallest size that the box looks for mostly does.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from device.vision.frame import Frame
from device.vision.opencv import cv2

MAX_SEARCH_INTERVAL_S = 3.0  # from one search to the next if nothing changes
SETTLE_S = 1.0  # after a change every frame is searched: who has just come still moves, and is blurred
COLUMNS = 40  # of cells; the smallest face, 8 % of a frame's height, is then two or three cells wide
MIN_CELLS = 3  # that must have changed
MIN_CONTRAST = 0.08  # the logarithm of brightness by which a cell must differ; 8 %
NOISE_FACTOR = 6.0  # how many standard deviations of the noise a cell must differ by
LEARNING_RATE = (
    0.02  # the weight of a frame in a cell's own noise: a flicker is ignored after some ten frames
)
DARK = 16.0  # grey values, added to all: in the dark, noise is a large share of the brightness
WHITE = 255.0
CLIPPED = 250.0  # grey values from which on the true brightness may be higher
MEDIAN_TO_DEVIATION = 1.4826  # from the median of the absolute values to the standard deviation
MEAN_TO_DEVIATION = 1.2533  # from their mean

Cells = NDArray[np.float32]


class ChangeDetector:
    """Decides which frames are worth a search, and remembers the last one that was."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """No frame was searched yet. The clock is in seconds."""
        self._clock = clock
        self._searched: Cells | None = None
        self._noise: Cells | None = None  # the mean absolute difference of each cell
        self._searched_at = self._changed_at = float("-inf")

    def needs_search(self, frame: Frame) -> bool:
        """Whether `frame` is worth a search; if it is, later ones are compared with it."""
        now = self._clock()
        if not frame.size or frame.ndim != 2 or frame.dtype != np.uint8:
            return True
        cells = _cells(frame)
        if self._searched is None or self._noise is None or self._searched.shape != cells.shape:
            self._noise = np.zeros_like(cells)
        else:
            difference = _difference(self._searched, cells)
            if _has_changed(difference, self._noise, cells):
                self._changed_at = now
            self._noise += LEARNING_RATE * (difference - self._noise)
            if now - self._changed_at > SETTLE_S and now - self._searched_at < MAX_SEARCH_INTERVAL_S:
                return False
        self._searched, self._searched_at = cells, now
        return True

    def forget(self) -> None:
        """Make the next frame worth a search, for example because there was a face in this one."""
        self._searched = None


def _cells(frame: Frame) -> Cells:
    height, width = frame.shape
    rows = max(1, round(COLUMNS * height / width))
    return np.asarray(cv2.resize(frame, (COLUMNS, rows), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _difference(before: Cells, after: Cells) -> Cells:
    """By how many grey values each cell has changed, without what light and exposure do."""
    gain = float(np.median(after + 1) / np.median(before + 1))
    expected = np.minimum(gain * before, WHITE)
    contrast: Cells = np.log((after + DARK) / (expected + DARK))
    contrast[(before >= CLIPPED) & (contrast > 0)] = 0
    contrast -= np.median(contrast, axis=1, keepdims=True)
    contrast -= np.median(contrast, axis=0, keepdims=True)
    return np.asarray(np.abs(contrast) * (after + DARK), dtype=np.float32)


def _has_changed(difference: Cells, noise: Cells, cells: Cells) -> bool:
    deviation = np.maximum(MEAN_TO_DEVIATION * noise, MEDIAN_TO_DEVIATION * np.median(difference))
    least = np.maximum(NOISE_FACTOR * deviation, MIN_CONTRAST * (cells + DARK))
    return np.count_nonzero(difference > least) >= MIN_CELLS
