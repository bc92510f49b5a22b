"""The terminal: keys without echo, a screen of its own, and its state restored at a stop and at the end."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live

END = "q"
READ_BYTES = 1024  # many repeats of a key at once, if drawing took long


def can_draw() -> bool:
    """Whether this is a terminal that can show a screen: no file, not a dumb one, and one with UTF-8."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    is_dumb = os.environ.get("TERM", "") in ("", "dumb", "unknown")
    return is_terminal and not is_dumb and sys.stdout.encoding.lower().replace("-", "") == "utf8"


class Terminal:
    """Shows one screen and reads keys, inside its `with` block.

    Ctrl-Z gives the terminal back and stops the process, as for any program; `fg` draws the screen again.
    """

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._normal_mode: list[Any] = []
        self._stop_is_wanted = False
        self._drawn: object = None

    def __enter__(self) -> Self:
        self._normal_mode = termios.tcgetattr(sys.stdin)
        signal.signal(signal.SIGTSTP, self._want_stop)
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""
        size = self._console.size
        return size.width, size.height

    def keys(self, seconds: float) -> str:
        """The keys that were typed: waits up to `seconds` for one. END once the terminal is gone."""
        readable, _, _ = select.select([sys.stdin], [], [], seconds)
        if self._stop_is_wanted:
            self._stop()
        if not readable:
            return ""
        return os.read(sys.stdin.fileno(), READ_BYTES).decode("ascii", "replace") or END

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
        self._live.start()
        self._drawn = None

    def _give_back(self) -> None:
        try:
            self._live.stop()
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._normal_mode)

    def _want_stop(self, *_: object) -> None:
        # Not at once: the main thread may be in the middle of drawing.
        self._stop_is_wanted = True

    def _stop(self) -> None:
        self._stop_is_wanted = False
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # the process stops here, until SIGCONT
        signal.signal(signal.SIGTSTP, self._want_stop)
        self._take()
