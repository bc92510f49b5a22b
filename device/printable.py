"""Names that come from outside, made fit for a line of a log or a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""`text` on one line: \x1b for a control character, \udcff for a byte of a name that is not UTF-8."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
