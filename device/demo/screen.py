"""The panel, and what the box sees, drawn in a terminal."""

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

ROWS = 20  # of the picture at most; each row of characters holds two of pixels
OTHER_ROWS = 9  # the frame and the log
KEYS = "space: the button   s: twice (skip)   h: hold it (pause, go on)   q: quit"


@contextmanager
def single_keys() -> Iterator[None]:
    """Keys come one by one and are not echoed; the terminal is as before in the end."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def key(wait: float) -> str:
    """The next key, or nothing after `wait` seconds."""
    readable, _, _ = select.select([sys.stdin], [], [], wait)
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") if readable else ""


def rows_for(height: int) -> int:
    """How high the picture may be on a terminal of so many rows."""
    return max(4, min(ROWS, height - OTHER_ROWS))


def picture(frame: Frame | None, decision: Decision | None, rows: int = ROWS) -> Text:
    """A grey frame in half blocks, with a frame around the face."""
    if frame is None or not frame.size:
        return Text("\n" * (rows // 2) + "the camera is closed".center(2 * rows) + "\n" * (rows // 2))
    width = min(max(1, round(2 * rows * frame.shape[1] / frame.shape[0])), 4 * rows)  # as wide as a film
    small = cv2.resize(frame, (width, 2 * rows), interpolation=cv2.INTER_AREA)
    coloured = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)
    if decision and decision.face:
        scale = 2 * rows / frame.shape[0]
        x, y, w, h = (round(scale * part) for part in decision.face[:4])
        cv2.rectangle(coloured, (x, y), (x + w, y + h), (255, 190, 0), 1)
    text = Text(no_wrap=True)
    for row in range(0, 2 * rows, 2):
        for upper, lower in zip(coloured[row], coloured[row + 1], strict=True):
            text.append("▀", f"rgb({','.join(map(str, upper))}) on rgb({','.join(map(str, lower))})")
        text.append("\n")
    return text


def panel(lights: dict[Mood, float], colours: dict[Mood, Colour]) -> Text:
    """The lights as they are lit right now, in their colours."""
    text = Text()
    for mood, level in lights.items():
        shade = (round(80 + (255 * part - 80) * level) for part in colours[mood])
        text.append("● ", f"rgb({','.join(str(max(0, part)) for part in shade)})")
        text.append(f"{mood}    ", "bold" if level > 0.5 else "dim")
    return text


def probabilities(decision: Decision | None) -> Table:
    table = Table.grid(padding=(0, 1))
    for mood, share in ((decision and decision.probabilities) or {}).items():
        table.add_row(str(mood), "█" * round(24 * share) or "▏", f"{share:.0%}")
    return table


def screen(
    view: Text, lights: Text, decision: Decision | None, words: Text, log: deque[str]
) -> RenderableType:
    right = Group(lights, Text(), words, Text(), probabilities(decision))
    side = Table.grid(padding=(0, 3))
    side.add_row(view, right)
    told = Text("\n".join(log), "dim", no_wrap=True, overflow="ellipsis")
    return Panel(Group(side, told), title="moodbox", subtitle=KEYS, expand=False)
