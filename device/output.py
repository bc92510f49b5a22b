"""The end of a command: what it has printed is written, or the exit code says that it could not be."""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from device.errors import nearest

NO_READER = 141  # as the shell gives it for a command that SIGPIPE ends


class OneLineParser(argparse.ArgumentParser):
    """A parser of options that reports a mistake in one line, without the usage of every option before it."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and where the right options are described; exit with 2."""
        self.exit(2, f"{self.prog}: {_in_short(message, f'`{self.prog} --help`')}\n")


COMMAND = "COMMAND"
"""What the usage of a program calls its commands, which are too many to list all in a mistake's line."""


USUAL_WORDS = {
    "next": "skip", "stop": "pause", "resume": "play", "vol": "volume", "mute": "volume", "louder": "volume",
    "quieter": "volume", "softer": "volume", "button": "press", "again": "press",
    "start": "run", "alarm": "wake", "timer": "sleep", "dislike": "never", "ban": "never", "love": "like",
    "state": "status", "info": "status", "test": "check", "feel": "set-mood", "set": "set-mood",
    "correct": "was", "wrong": "was",
}  # fmt: skip
"""Words that people type, and the command that does what they mean; only where a program has it."""


def _in_short(message: str, help_: str) -> str:
    """Name the nearest choice in place of all of them, where one is near."""
    found = re.fullmatch(r"argument (.*): invalid choice: (.*) \(choose from (.*)\)", message, re.DOTALL)
    if not found:
        return f"{message}; {help_} says more"
    argument, wrong, choices = found.groups()
    word, known = wrong.strip("'\""), re.findall(r"[^', ]+", choices)
    usual = USUAL_WORDS.get(word) if argument == COMMAND else None
    near = usual if usual in known else nearest(word, known)
    hint = f"; did you mean {near!r}?" if near else ""
    if argument == COMMAND and word == "help":
        return f"{help_} lists the commands"
    if argument == COMMAND:
        return f"there is no command {wrong}{hint or ';'} {help_} lists them"
    return f"{wrong} is not known{hint}; {help_} says more" if near else f"{message}; {help_} says more"


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
