"""The list of commands in `moodbox --help`, by who needs them and how often."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from textwrap import wrap

GROUPS = {
    "every day": (
        *("status", "press", "skip", "pause", "play", "volume", "like", "never", "was", "set-mood", "camera"),
        *("sleep", "wake", "songs", "mood"),
    ),
    "to set the box up, to look after it, and for scripts": (
        *("check", "look", "tone", "hear", "pair", "subscribe", "demo", "forget", "export", "import", "dark"),
    ),
    "run by the system": ("run", "window", "room", "home"),
}
INDENT = 13  # columns of a command and the space around it
LONGEST_LINE = 100


def in_groups(meanings: Mapping[str, str]) -> str:
    """Return the lines that list the commands, for this terminal; `meanings` has what each does."""
    width = min(shutil.get_terminal_size().columns, LONGEST_LINE) - 2
    return "\n".join(_lines(meanings, width))


def _lines(meanings: Mapping[str, str], width: int) -> Iterator[str]:
    for group, names in GROUPS.items():
        yield f"{group}:"
        for name in names:
            first = f"  {name}".ljust(INDENT)
            yield from wrap(meanings[name], width, initial_indent=first, subsequent_indent=" " * INDENT)
        yield ""
    yield "`moodbox COMMAND --help` says more of one."
