"""Says of work that takes long what it is, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

MEASURED = 50  # items by which the time for all of them is estimated
WORTH_SAYING = 10.0  # seconds

Item = TypeVar("Item")


def announce(line: str) -> None:
    """Print a line on stderr, so that stdout has the results alone."""
    print(line, file=sys.stderr, flush=True)


def timed(
    items: Iterable[Item],
    count: int,
    task: str,
    say: Callable[[str], object] = announce,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Item]:
    """Yield `items`, say what is done with them, and after the first ones how long all will take.

    Args:
        items: what to go through.
        count: how many there are.
        task: what is done with them.
        say: is called with each line; by default it goes to stderr.
        clock: the time in seconds.
    """
    say(f"{task} ...")
    started = clock()
    for number, item in enumerate(items):
        if number == MEASURED and (whole := (clock() - started) / MEASURED * count) >= WORTH_SAYING:
            say(f"... which takes about {_rounded(whole)}")
        yield item


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    return f"{seconds / 60:.0f} minutes"
