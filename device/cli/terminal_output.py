"""Keeps what others have written from harming the terminal that a command prints to."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO

# Control characters but tab, newline, and DEL, which does nothing; marks that reverse the order of letters.
HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x80-\x9f\u2028-\u202e\u2066-\u2069]")


class TerminalText:
    r"""A stream that writes \x1b in place of a control character, and likewise what its encoding lacks.

    Song titles, MPD's words and file names come from others, and may hold what takes over a terminal.
    It is no io.TextIOBase: Python flushes such an object when it goes, and complains if nobody reads.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write a text, and return its length."""
        self._stream.write(HARMFUL.sub(lambda found: found[0].encode("unicode_escape").decode(), text))
        return len(text)

    def writelines(self, texts: Iterable[str]) -> None:
        """Write several texts."""
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        """Write what is in the stream's buffer."""
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's own."""
        return getattr(self._stream, name)


@contextmanager
def harmless_output() -> Iterator[None]:
    """Let what the body prints and logs pass through a TerminalText."""
    with redirect_stdout(_harmless(sys.stdout)), redirect_stderr(_harmless(sys.stderr)):
        yield


def _harmless(stream: TextIO | None) -> Any:
    return TerminalText(stream) if stream else None  # None if the process was started without it


def open_standard_streams() -> None:
    """Open those that the process was started without.

    A file of the box's would get the number of a stream, and what libraries print would go into that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number
