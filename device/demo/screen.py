"""The demo's screen as a function of a scene and a size: each thing has its place, which never moves.

The picture is at the upper left. State and moods are beside it, or below it if it is larger then. What plays
and what is wrong follow, as text that flows around the picture: beside it while there is room, then below it.
The log's last messages have the rows that are left. At the bottom are the address of the box's page, and how
to ask the box, or what happens if the button is let go. A small terminal has less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from device.config.settings import Colour
from device.config.settings import Panel as PanelSettings
from device.mood import Decision, Mood
from device.printable import percent, percents, printable
from device.vision.frame import Frame
from device.vision.opencv import cv2

KEYS = (
    "space: the button (you can hold it)   s: skip   h: hold it 3 s   q: quit",
    "space: button  s: skip  h: hold  q: quit",
    "space:button s:skip h:hold q:quit",
    "space s h q",
)
FRAME_COLUMNS, FRAME_ROWS = 4, 2  # the border, and a column of space at each side
KEYS_FRAME_COLUMNS = 6  # at each side of the keys: the corner, a dash, a space
MIN_COLUMNS, MIN_ROWS = 36, 9  # of a terminal; a smaller one gets a few lines without a frame
MAX_PICTURE_ROWS = 32  # each row of characters shows two rows of pixels
VIEW_SHAPE = 4 / 3  # width by height of the picture's place, at most; other pictures are drawn smaller in it
MIN_FACTS_COLUMNS = 28  # beside the picture
MIN_VIEW_COLUMNS = 8
TEXT_ROWS = 4  # for what plays and what is wrong, if nothing is beside the picture
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
    content = _content(scene, columns - FRAME_COLUMNS, rows - FRAME_ROWS)
    keys = _longest_that_fits(KEYS, columns - KEYS_FRAME_COLUMNS)
    return Panel(content, title="moodbox", subtitle=keys, width=columns, height=rows)


def _small_screen(scene: Scene, columns: int, rows: int) -> RenderableType:
    lines = [_state_line(scene), *_flowing(_texts(scene), columns, rows)]
    upper = [_rows(lines, min(len(lines), rows - 1))] if rows > 1 else []
    return Group(*upper, _rows([Text(_longest_that_fits(KEYS, columns))], 1))


def _content(scene: Scene, width: int, height: int) -> Group:
    """All within the frame. The picture is beside the facts or above them, wherever it is larger.

    Its size and place depend only on the terminal and the number of moods, so it never moves.
    """
    upper_rows = min(height - height // 5 - 1, MAX_PICTURE_ROWS)
    columns_beside = min(width - GAP - MIN_FACTS_COLUMNS, _widest(upper_rows))
    rows_above = min(upper_rows - len(_facts(scene, width)) - TEXT_ROWS, width // 2)
    columns_above = min(width, _widest(rows_above))
    if columns_beside >= max(columns_above, MIN_VIEW_COLUMNS):
        facts_columns = width - GAP - columns_beside
        facts = _facts(scene, facts_columns)[:upper_rows]
        free = upper_rows - len(facts)
        text = _flowing(_texts(scene), width, height, beside=(facts_columns, free))
        space = [Text()] if len(text) < free else []
        table = Table.grid()
        table.add_column(width=columns_beside + GAP)
        table.add_column(width=facts_columns)
        view = picture(scene.frame, scene.decision, columns_beside, upper_rows)
        table.add_row(view, _rows(facts + space + text[:free], upper_rows))
        return Group(table, *_lower_part(scene, text[free:], width, height - upper_rows))
    views = []
    if columns_above >= MIN_VIEW_COLUMNS:
        views = [picture(scene.frame, scene.decision, columns_above, rows_above)]
        height -= rows_above
    facts = _facts(scene, width)[: height - 2]  # a row for the song, and one for the command
    text = _flowing(_texts(scene), width, height)
    lower = _lower_part(scene, text, width, height - len(facts))
    return Group(*views, _rows(facts, len(facts)), *lower)


def _widest(rows: int) -> int:
    """The columns of the picture's place if it has so many rows."""
    return round(VIEW_SHAPE * 2 * rows)


def _lower_part(scene: Scene, text: list[Text], width: int, rows: int) -> list[Text]:
    """The rest of the text, the log, the page's address and the last lines, in exactly `rows` rows.

    A long text takes the place of the log, then that of the address.
    """
    last = _last_lines(scene, width)
    last_rows = min(len(last), rows - 1)
    rows -= last_rows
    page = [_page_line(scene.page, width)] if scene.page and rows > max(1, len(text)) else []
    rows -= len(page)
    return [
        _rows(text + _log(scene.log, width, rows - len(text)), rows),
        *page,
        _rows(last, last_rows),
    ]


def _rows(lines: list[Text], count: int) -> Text:
    """Exactly so many lines, each on one row: "…" stands for the last ones, or empty ones follow."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if len(lines) > count:
        lines = [*lines[: count - 1], lines[count - 1] + "…"]
    for number, line in enumerate(lines + [Text()] * (count - len(lines))):
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


def _facts(scene: Scene, columns: int) -> list[Text]:
    """State and moods: always the same number of lines."""
    return [_state_line(scene), *_mood_lines(scene, columns)]


def _texts(scene: Scene) -> list[Text]:
    """What plays and what is wrong, which may be longer than a row."""
    troubles = scene.status["trouble"].items()
    return [
        _song_line(scene),
        *(Text(f"{part}: {printable(problem)}", "red") for part, problem in troubles),
    ]


def _flowing(texts: list[Text], width: int, most: int, beside: tuple[int, int] = (0, 0)) -> list[Text]:
    """The texts as lines; each text begins a line.

    Args:
        texts: In the order in which they are shown.
        width: Of a line, in columns.
        most: No more lines than this can be shown. One more line says that there are more.
        beside: Columns and rows of the place beside the picture, which the first lines are for.
    """
    lines: list[Text] = []
    for text in texts:
        rest = text.plain
        while rest and len(lines) <= most:
            columns = beside[0] if len(lines) < beside[1] else width
            line = _wrapped(rest, text.style, columns)[0]
            line.rstrip()
            lines.append(line)
            rest = rest[len(line) :].lstrip()
    return lines


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


def _log(lines: Sequence[str], width: int, rows: int) -> list[Text]:
    """The newest messages, wrapped, so that none loses its end; the newest is there as far as it fits."""
    shown: list[Text] = []
    for line in reversed(lines):
        message = _wrapped(printable(line), "dim", width)
        if rows < 1 or (shown and len(message) + len(shown) > rows):
            break
        shown = message + shown
    return shown


def _wrapped(text: str, style: str | Style, width: int) -> list[Text]:
    """The lines of a text; rich wraps it, since a character of a title may be two columns wide."""
    return list(Text(text, style).wrap(Console(width=width), width))


def _longest_that_fits(texts: Sequence[str], width: int) -> str:
    """Of texts from long to short the first that fits, else the last."""
    return next((text for text in texts if cell_len(text) <= width), texts[-1])


def _page_line(address: str, width: int) -> Text:
    """The address in full, so that it can be copied; in the log it would be cut, and gone after a while."""
    hint = "its page: make this window wider"
    texts = (f"its page: {address}", address, f"{hint} to read the address", hint)
    return _rows([Text(_longest_that_fits(texts, width), "dim")], 1)


def _last_lines(scene: Scene, width: int) -> list[Text]:
    """What letting the button go would do, while it is down; else how to ask the box."""
    if scene.held_s is not None:
        will = "pauses or resumes" if scene.held_s >= scene.hold else "looks again"
        rest = f" {scene.held_s:.1f} s of {scene.hold:g}; if you let go, it {will}"
        if scene.held_s >= PI_OFF_S:
            rest = f" {scene.held_s:.1f} s: it {will} (a Pi: goes off)"
        length = max(0, min(MAX_BAR, width - len("button ") - len(rest)))
        full = round(length * min(1.0, scene.held_s / scene.hold))
        return _wrapped("button " + "█" * full + "░" * (length - full) + rest, "bold", width)
    texts = (f"ask it in another terminal: {scene.command}", f"ask it: {scene.command}", scene.command)
    return _wrapped(_longest_that_fits(texts, width), "dim", width)
