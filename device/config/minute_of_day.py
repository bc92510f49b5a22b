"""A time of day in the text of a setting or a command: local time, `7:30` or `07:30`."""

from __future__ import annotations

import re

PATTERN = "([01]?[0-9]|2[0-3]):([0-5][0-9])"
"""A regular expression in the syntax that Python and JSON schemas share, without anchors."""


def minute_of(text: str) -> int | None:
    """Return the minute of the day that `7:30` means, 0 to 1439; None if it is no time."""
    match = re.fullmatch(PATTERN, text)
    return int(match[1]) * 60 + int(match[2]) if match else None


def text_of(minute: int) -> str:
    """Return a minute of the day as `07:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"
