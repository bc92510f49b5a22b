"""The demo's screen as a function of a scene and a size: each thing has its place, which never moves.

The picture is at the upper left, beside it what the box has found and plays. Below are the log's last
messages, the address of the box's page, and one line that says how to ask the box, or what happens if the
button is let go. A small terminal has less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from device.config.settings import Colour
from device.config.settings import Panel as PanelSettings
from device.mood import Decision, Mood
from device.printable import percent, percents, printable
from device.vision.frame import Frame
from device.vision.opencv import cv2

KEYS = "space: the button (you can hold it)   s: skip   h: hold it 3 s   q: quit"
SHORT_KEYS = "space: button  s: skip  h: hold  q: quit"
FRAME_COLUMNS, FRAME_ROWS = 4, 2  # the border, and a column of space at each side
MIN_COLUMNS, MIN_ROWS = 36, 9  # of a terminal; a smaller one gets a few lines without a frame
MAX_PICTURE_ROWS = 32  # each row of characters shows two rows of pixels
VIEW_SHAPE = 4 / 3  # width by height of the picture's place; other pictures are drawn smaller in it
MIN_FACTS_COLUMNS = 28  # beside the picture
MIN_VIEW_COLUMNS = 8
MOOD_COLUMNS = 17  # light, name and percentage
PI_OFF_S = PanelSettings().off  # after which a Pi's button would switch it off; the demo switches nothing off
LIT = 0.5  # the brightness from which on a light counts as lit
GAP = 2  # columns between picture and facts
MAX_BAR = 24  # characters of a probability of 1
FACE_COLOUR = (255, 190, 0)


@dataclass(frozen=True)
class Scene:
    """All that the screen shows.

    Attributes:
        status: What `moodbox status --json` prints.
        lights: The brightness of each light, from 0 to 1.
        colours: The colour of each mood's light.
        decision: The result of the last observation.
        frame: The camera's last frame; a new frame is another object.
        log: The log's last lines, the newest last.
        held_s: For how many seconds the button has been down, in tenths; None if it is up.
        hold: Seconds after which letting it go pauses or resumes.
        command: What to type in another terminal to ask the box.
        page: The address of the box's page; "" while there is none.
    """

    status: Mapping[str, Any]
    lights: Mapping[Mood, float]
    colours: Mapping[Mood, Colour]
    decision: Decision | None
    frame: Frame | None = field(compare=False)
    frame_number: int
    log: tuple[str, ...]
    held_s: float | None
    hold: float
    command: str
    page: str = ""


def screen(scene: Scene, columns: int, rows: int) -> RenderableType:
    """The whole screen, of exactly this size."""
    if columns < MIN_COLUMNS or rows < MIN_ROWS:
        return _small_screen(scene, columns, rows)
    width, height = columns - FRAME_COLUMNS, rows - FRAME_ROWS
    upper_rows = min(height - height // 5 - 1, MAX_PICTURE_ROWS)
    log_rows = height - upper_rows - 1
    below = [_page_line(scene.page, width)] if scene.page and log_rows > 1 else []
    log_rows -= len(below)
    keys = KEYS if len(KEYS) + FRAME_COLUMNS <= columns else SHORT_KEYS
    content = Group(
        _upper_part(scene, width, upper_rows),
        _log(scene.log, width, log_rows),
        *below,
        _last_line(scene, width),
    )
    return Panel(content, title="moodbox", subtitle=keys, width=columns, height=rows)


def _small_screen(scene: Scene, columns: int, rows: int) -> RenderableType:
    lines = [_state_line(scene), _song_line(scene), *(Text(trouble, "red") for trouble in _troubles(scene))][
        : max(0, rows - 1)
    ]
    lines.append(Text("space s h q"[:columns]))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines)


def _upper_part(scene: Scene, width: int, rows: int) -> RenderableType:
    """Picture and facts side by side, in exactly `rows` rows; without the picture if it has no room."""
    view_columns = min(width - GAP - MIN_FACTS_COLUMNS, round(VIEW_SHAPE * 2 * rows))
    if view_columns < MIN_VIEW_COLUMNS:
        return _rows(_facts(scene, width, rows), rows)
    facts_columns = width - GAP - view_columns
    table = Table.grid()
    table.add_column(width=view_columns + GAP)
    table.add_column(width=facts_columns)
    view = picture(scene.frame, scene.decision, view_columns, rows)
    table.add_row(view, _rows(_facts(scene, facts_columns, rows), rows))
    return table


def _rows(lines: list[Text], count: int) -> Text:
    """Exactly so many lines, each on one row: the last ones are left out, or empty ones follow."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for number, line in enumerate((lines + [Text()] * count)[:count]):
        text.append("\n" if number else "").append_text(line)
    return text


def picture(frame: Frame | None, decision: Decision | None, columns: int, rows: int) -> Text:
    """The frame in grey half-block characters, with a box around the decision's face, in `rows` rows."""
    if frame is None or not frame.size:
        lines = [Text()] * (rows // 2) + [Text("the camera is closed".center(columns), "dim")]
        return _rows(lines, rows)
    scale = min(columns / frame.shape[1], 2 * rows / frame.shape[0])
    width, height = (max(1, int(scale * side)) for side in (frame.shape[1], frame.shape[0]))
    height += height % 2
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    coloured = cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)
    if decision and decision.face:
        x, y, w, h = (round(scale * value) for value in decision.face[:4])
        cv2.rectangle(coloured, (x, y), (x + w, y + h), FACE_COLOUR, 1)
    return _rows([_blocks(*coloured[row : row + 2]) for row in range(0, height, 2)], rows)


def _blocks(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> Text:
    """Two rows of pixels, (columns, 3), as one row of characters."""
    line = Text()
    for above, below in zip(upper, lower, strict=True):
        line.append("▀", f"{_rgb(above)} on {_rgb(below)}")
    return line


def _rgb(colour: Iterable[float]) -> str:
    return f"rgb({','.join(str(int(channel)) for channel in colour)})"


def _facts(scene: Scene, columns: int, rows: int) -> list[Text]:
    """The lines beside the picture; where rows are few, without space between them."""
    heading = [_state_line(scene), _song_line(scene)]
    moods = _mood_lines(scene, columns)
    space = [Text()] if len(heading) + len(moods) + 3 <= rows else []
    troubles = [line for trouble in _troubles(scene) for line in _wrapped(trouble, "red", columns)]
    return heading + space + moods + space + troubles


def _state_line(scene: Scene) -> Text:
    status = scene.status
    if status["state"] == "by_hand":
        return Text(f"{', '.join(status['chosen_for'])} (by hand)", "bold")
    parts = [] if status["state"] == "mood" else [str(status["state"]).replace("_", " ")]
    if status["mood"]:
        known = "corrected" if status["corrected"] else percent(status["confidence"])
        parts.append(f"{status['mood']} ({known})")
    return Text("  ".join(parts), "bold")


def _song_line(scene: Scene) -> Text:
    status = scene.status
    song = printable(status["song"] or "no song")
    is_said_above = status["state"] == "paused"
    return Text(("(paused) " if status["playing"] == "pause" and not is_said_above else "") + song)


def _troubles(scene: Scene) -> list[str]:
    return [f"{part}: {printable(problem)}" for part, problem in scene.status["trouble"].items()]


def _mood_lines(scene: Scene, columns: int) -> list[Text]:
    """A line for each mood: its light, as bright as it is now, its name, and a bar for its probability."""
    probabilities = (scene.decision and scene.decision.probabilities) or {}
    shown = percents(probabilities)
    longest_bar = min(MAX_BAR, columns - MOOD_COLUMNS)
    lines = []
    for mood in dict.fromkeys([*scene.lights, *probabilities]):
        level = scene.lights.get(mood, 0.0)
        shade = (max(0, round(80 + (255 * channel - 80) * level)) for channel in scene.colours[mood])
        line = Text().append("● " if mood in scene.lights else "  ", _rgb(shade))
        line.append(f"{mood:9}", "bold" if level > LIT else "dim")
        if mood in probabilities:
            line.append("█" * round(longest_bar * probabilities[mood]) or "▏", "default")
            line.append(f" {shown[mood]}", "default")
        lines.append(line)
    return lines


def _log(lines: Sequence[str], width: int, rows: int) -> Text:
    """The newest messages, wrapped, so that none loses its end; the newest is there as far as it fits."""
    shown: list[Text] = []
    for line in reversed(lines):
        message = _wrapped(printable(line), "dim", width)
        if shown and len(message) + len(shown) > rows:
            break
        shown = message + shown
    return _rows(shown, rows)


def _wrapped(text: str, style: str, width: int) -> list[Text]:
    """The lines of a text; rich wraps it, since a character of a title may be two columns wide."""
    return list(Text(text, style).wrap(Console(width=width), width))


def _page_line(address: str, width: int) -> Text:
    """The address in full, so that it can be copied; in the log it would be cut, and gone after a while."""
    line = next((line for line in (f"its page: {address}", address) if len(line) <= width), None)
    return _rows([Text(line or "its page: make this window wider to read the address", "dim")], 1)


def _last_line(scene: Scene, width: int) -> Text:
    """What letting the button go would do, while it is down; else how to ask the box."""
    if scene.held_s is not None:
        will = "pauses or resumes" if scene.held_s >= scene.hold else "looks again"
        rest = f" {scene.held_s:.1f} s of {scene.hold:g}; if you let go, it {will}"
        if scene.held_s >= PI_OFF_S:
            rest = f" {scene.held_s:.1f} s: it {will} (a Pi: goes off)"
        length = max(0, min(MAX_BAR, width - len("button ") - len(rest)))
        full = round(length * min(1.0, scene.held_s / scene.hold))
        return _rows([Text("button " + "█" * full + "░" * (length - full) + rest, "bold")], 1)
    long, short = f"ask it in another terminal: {scene.command}", f"ask it: {scene.command}"
    return _rows([Text(long if len(long) <= width else short, "dim")], 1)
