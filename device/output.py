"""The end of a command: what it has printed is written, or the exit code says that it could not be."""

from __future__ import annotations

import argparse
import difflib
import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

NO_READER = 141  # as the shell gives it for a command that SIGPIPE ends


class OneLineParser(argparse.ArgumentParser):
    """A parser of options that reports a mistake in one line, without the usage of every option before it."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and where the right options are described; exit with 2."""
        self.exit(2, f"{self.prog}: {_with_nearest(message)}; `{self.prog} --help` says more\n")


def _with_nearest(message: str) -> str:
    """Name the nearest choice in place of all of them, where one is near."""
    found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)$", message)
    if not found:
        return message
    choices = [choice.strip("'\"") for choice in found[2].split(", ")]
    near = difflib.get_close_matches(found[1], choices, n=1)
    return f"{found[1]!r} is not known; did you mean {near[0]!r}?" if near else message


@contextmanager
def written_out(program: str) -> Iterator[None]:
    """Write out what the body prints, also what argparse prints before it exits.

    Args:
        program: begins the error line.

    Raises:
        SystemExit: 141 if nobody reads the rest of the output, as in `moodbox check | head -1`; 1, with a
            line on stderr, if the disk is full.
    """
    try:
        try:
            yield
        except SystemExit:
            _flush()
            raise
        _flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        _discard_unwritten()
        if error.errno == errno.EPIPE:
            raise SystemExit(NO_READER) from None
        print(f"{program}: cannot write: {error.strerror}", file=sys.stderr)
        raise SystemExit(1) from None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream:  # None if the process was started without it
            stream.flush()


def _discard_unwritten() -> None:
    """Python writes what is left in a stream's buffer when it ends, and would report that this fails."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
