"""The terminal: keys without echo, a screen of its own, and its state restored at a stop and at the end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Callable
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live

END = "q"
CTRL_C, CTRL_Z = "\x03", "\x1a"
SPECIAL_CHARACTERS, DISABLED = 6, b"\0"  # in the modes of a terminal: their index, and the value for none
READ_BYTES = 1024  # many repeats of a key at once, if drawing took long

# A process of its own, which outlives a demo that is killed or that a library crashes. It restores the
# terminal's modes ($1) if its input ends without a word.
GUARD = """
trap '' INT QUIT HUP TERM TSTP TTOU
read -r word || { stty "$1"; printf '\\033[?1049l\\033[?25h'; } </dev/tty >/dev/tty 2>&1
"""


def can_draw() -> bool:
    """Whether this is a terminal that can show a screen: no file, not a dumb one, and one with UTF-8."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    is_dumb = os.environ.get("TERM", "") in ("", "dumb", "unknown")
    return is_terminal and not is_dumb and sys.stdout.encoding.lower().replace("-", "") == "utf8"


class Terminal:
    """Shows one screen and reads keys, inside its `with` block.

    Ctrl-C is END. Ctrl-Z gives the terminal back and stops the demo, as it does any program; `fg` draws the
    screen again.
    """

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._normal_mode: list[Any] = []
        self._guard: subprocess.Popen[str] | None = None
        self._drawn: object = None

    def __enter__(self) -> Self:
        self._normal_mode = termios.tcgetattr(sys.stdin)
        modes = subprocess.run(["stty", "-g"], stdin=sys.stdin, capture_output=True, text=True, check=True)
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "sh", modes.stdout.strip()], stdin=subprocess.PIPE, text=True
        )
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        if self._guard:
            self._guard.communicate("done\n")

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""
        size = self._console.size
        return size.width, size.height

    def keys(self, seconds: float) -> str:
        """The keys that were typed: waits up to `seconds` for one. END once the terminal is gone."""
        readable, _, _ = select.select([sys.stdin], [], [], seconds)
        if not readable:
            return ""
        keys = os.read(sys.stdin.fileno(), READ_BYTES).decode("ascii", "replace") or END
        if CTRL_C in keys:
            return END
        if CTRL_Z in keys:
            self._stop()
            return ""
        return keys

    def draw(self, scene: object, render: Callable[[int, int], RenderableType]) -> None:
        """Draw what `render` makes for this width and height, unless it would look as it does already.

        Args:
            scene: Equal to that of the last call if nothing has changed.
            render: Gives the screen for a number of columns and rows.
        """
        shown = (self.size, scene)
        if shown != self._drawn:
            self._live.update(render(*self.size), refresh=True)
            self._drawn = shown

    def _take(self) -> None:
        tty.setcbreak(sys.stdin)
        # Ctrl-Z and Ctrl-C are keys here. If the terminal made signals of them, a `make` that runs this would
        # get them, too: it would stop before the terminal is given back, and the shell would take that as it
        # is; and it would call the demo's end an interrupt.
        modes = termios.tcgetattr(sys.stdin)
        modes[SPECIAL_CHARACTERS][termios.VSUSP] = modes[SPECIAL_CHARACTERS][termios.VINTR] = DISABLED
        termios.tcsetattr(sys.stdin, termios.TCSANOW, modes)
        self._live.start()
        self._drawn = None

    def _give_back(self) -> None:
        try:
            self._live.stop()
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._normal_mode)

    def _stop(self) -> None:
        self._give_back()
        os.kill(0, signal.SIGTSTP)  # as the terminal would: all of the job stops here, MPD too, until SIGCONT
        self._take()
