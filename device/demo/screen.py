"""Draws the panel and the camera's frame in a terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from device.config.settings import Colour
from device.mood import Decision, Mood
from device.vision.frame import Frame
from device.vision.opencv import cv2

MAX_ROWS = 20  # of the picture; each row of characters shows two rows of pixels
MIN_ROWS = 4
OTHER_ROWS = 9  # the border and the log
BAR_LENGTH = 24  # characters of a probability of 1
KEYS = "space: press   s: double press (skip)   h: hold (pause, resume)   q: quit"


@contextmanager
def single_keys() -> Iterator[None]:
    """Read keys one by one without echo, until the block ends."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def key(wait: float) -> str:
    """The next key, or an empty string after `wait` seconds."""
    readable, _, _ = select.select([sys.stdin], [], [], wait)
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") if readable else ""


def rows_for(height: int) -> int:
    """The rows for the picture on a terminal with `height` rows."""
    return max(MIN_ROWS, min(MAX_ROWS, height - OTHER_ROWS))


def picture(frame: Frame | None, decision: Decision | None, rows: int = MAX_ROWS) -> Text:
    """A grey frame in half-block characters, with a box around the decision's face."""
    if frame is None or not frame.size:
        return Text("\n" * (rows // 2) + "the camera is closed".center(2 * rows) + "\n" * (rows // 2))
    width = min(
        max(1, round(2 * rows * frame.shape[1] / frame.shape[0])), 4 * rows
    )  # a wide frame is drawn narrower
    small = cv2.resize(frame, (width, 2 * rows), interpolation=cv2.INTER_AREA)
    coloured = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)
    if decision and decision.face:
        scale = 2 * rows / frame.shape[0]
        x, y, w, h = (round(scale * value) for value in decision.face[:4])
        cv2.rectangle(coloured, (x, y), (x + w, y + h), (255, 190, 0), 1)
    text = Text(no_wrap=True)
    for row in range(0, 2 * rows, 2):
        for upper, lower in zip(coloured[row], coloured[row + 1], strict=True):
            text.append("▀", f"rgb({','.join(map(str, upper))}) on rgb({','.join(map(str, lower))})")
        text.append("\n")
    return text


def panel(lights: dict[Mood, float], colours: dict[Mood, Colour]) -> Text:
    """The lights in their colours, each as bright as it is now."""
    text = Text()
    for mood, level in lights.items():
        shade = (round(80 + (255 * channel - 80) * level) for channel in colours[mood])
        text.append("● ", f"rgb({','.join(str(max(0, channel)) for channel in shade)})")
        text.append(f"{mood}    ", "bold" if level > 0.5 else "dim")
    return text


def probabilities(decision: Decision | None) -> Table:
    """A bar for each mood."""
    table = Table.grid(padding=(0, 1))
    for mood, probability in ((decision and decision.probabilities) or {}).items():
        table.add_row(str(mood), "█" * round(BAR_LENGTH * probability) or "▏", f"{probability:.0%}")
    return table


def screen(
    view: Text, lights: Text, decision: Decision | None, status: Text, log: deque[str]
) -> RenderableType:
    """The whole screen: the picture, the panel and the status beside it, and the log's last lines below."""
    right = Group(lights, Text(), status, Text(), probabilities(decision))
    columns = Table.grid(padding=(0, 3))
    columns.add_row(view, right)
    log_lines = Text("\n".join(log), "dim", no_wrap=True, overflow="ellipsis")
    return Panel(Group(columns, log_lines), title="moodbox", subtitle=KEYS, expand=False)
