"""Names from outside, such as file names and song titles, made safe for a log line or a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""`text` on one line: \x1b for a control character, \udcff for a byte of a name that is not UTF-8."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
