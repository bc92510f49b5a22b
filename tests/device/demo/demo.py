"""Runs `moodbox demo` on a pseudo-terminal, with a library of one song, and reads its screen."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from tests.waiting import eventually

# One song: to synthesize all twelve takes seconds.
PROGRAM = """
import functools, sys
from device.demo import songs, workplace
workplace.make_library = functools.partial(songs.make_library, songs=songs.SONGS[:1])
PREPARATION
from device.cli.main import main
sys.exit(main(["demo", *sys.argv[1:]]))
"""
# A shell with job control, as Ctrl-Z needs it: a line that is typed then brings the demo back. Between the
# two is a process that waits, as `make` does, and knows nothing of terminals.
SHELL = """
set -m
sh -c '"$@"; exit $?' sh "$@"
code=$?
[ $code != 148 ] || { echo "stopped"; read -r line; fg; code=$?; }
echo "ended with $code"
read -r line # a shell stays
"""
ON_ITS_OWN_SCREEN, BACK = "\x1b[?1049h", "\x1b[?1049l"


class DemoOnTerminal:
    """A demo whose terminal is this object."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.output = ""
        self._reader = threading.Thread(target=self._read)
        self._is_over = threading.Event()
        self._reader.start()

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        with suppress(OSError):  # the demo has ended
            while not self._is_over.is_set():
                if select.select([self._terminal], [], [], 0.05)[0]:
                    self.output += decoder.decode(os.read(self._terminal, 65536))

    def hang_up(self) -> None:
        """Close the terminal, which ends the demo, and wait until it has ended."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self._is_over.set()
        self._reader.join()  # the terminal stays open while a thread reads from it
        os.close(self._terminal)
        self.process.wait(60)
        psutil.wait_procs(children, 30)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Send keys."""
        os.write(self._terminal, keys.encode())

    def screen(self) -> list[str]:
        """Return the lines of what was drawn last."""
        _, _, last = self.output.rpartition("\x1b[H")
        return re.sub(r"\x1b\[[\d;?]*\w", "", last).replace("\r", "").split("\n")

    def shows(self, text: str) -> bool:
        """Whether the screen has this text."""
        return any(text in line for line in self.screen())

    def command(self) -> str:
        """Return the command that asks the demo's box, once the screen has it."""
        found: list[str] = []

        def is_there() -> bool:
            found[:] = re.findall(r"another terminal: (\S+ status)", "\n".join(self.screen()))
            return bool(found)

        eventually(is_there)
        return found[0]

    def kill(self) -> None:
        """Kill the demo, but not its shell."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                if process.cmdline()[:2] == [sys.executable, "-c"]:
                    process.kill()

    def echoes(self) -> bool:
        """Whether the terminal is in its normal mode: it echoes, and hands over whole lines."""
        flags = int(termios.tcgetattr(self._terminal)[3])
        return bool(flags & termios.ECHO and flags & termios.ICANON)


@contextmanager
def demo(
    *arguments: str,
    size: tuple[int, int] = (80, 24),
    preparation: str = "",
    environment: Mapping[str, str] | None = None,
) -> Iterator[DemoOnTerminal]:
    """Start a demo; end it with the block.

    Args:
        arguments: Of `moodbox demo`.
        size: Columns and rows of the terminal.
        preparation: Python code that its process runs first.
        environment: Variables, besides those of the tests.
    """
    ours, theirs = pty.openpty()
    variables = {**os.environ, "TERM": "xterm-256color", **(environment or {})}
    process = subprocess.Popen(
        [
            "sh",
            "-c",
            SHELL,
            "sh",
            sys.executable,
            "-c",
            PROGRAM.replace("PREPARATION", preparation),
            *arguments,
        ],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={name: value for name, value in variables.items() if name not in ("COLUMNS", "LINES")},
        preexec_fn=_own_session,  # noqa: PLW1509 - no thread of this process holds a lock that it needs
    )
    running = DemoOnTerminal(process, ours)
    running.resize(*size)
    os.close(theirs)
    try:
        yield running
    finally:
        running.hang_up()


def _own_session() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
