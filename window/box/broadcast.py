"""One stream from the box for all who watch it. It is open only while somebody does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from window.box.client import BoxError, Reply

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 15.0
RETRY_S = 1.0
LONGEST_RETRY_S = 8.0


class Broadcast:
    """Hands each line of a stream to every watcher. Who reads slowly gets the newest, and misses others.

    While the stream is broken, the watchers get `{"error": ...}`, and it is opened again.
    """

    def __init__(self, open_stream: Callable[[], AsyncGenerator[Reply, None]], *, again: bool = True) -> None:
        """Take what opens the stream.

        Args:
            open_stream: Opens it, each time that a first watcher comes.
            again: Whether a stream that ends is opened again; if not, the watchers end with it.
        """
        self._open_stream = open_stream
        self._again = again
        self._watchers = 0
        self._latest: Reply | None = None
        self._number = 0
        self._ended = False
        self._run_number = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def watchers(self) -> int:
        """How many watch."""
        return self._watchers

    async def watch(self) -> AsyncGenerator[Reply | None, None]:
        """Yield the newest line, and each newer one; None if nothing has happened for a while.

        Of a stream that has ended, a watcher who does not read may still have to take the end. Whoever comes
        meanwhile begins another stream, which is not that watcher's.
        """
        self._watchers += 1
        seen = 0
        try:
            if self._task is None or self._ended:
                self._latest, self._number, self._ended = None, 0, False
                self._run_number += 1
                self._task = asyncio.create_task(self._run())
            mine = self._run_number
            while mine == self._run_number:
                if self._number == seen or self._latest is None:
                    if self._ended:
                        return
                    changed = self._changed
                    try:
                        await asyncio.wait_for(changed.wait(), KEEP_ALIVE_S)
                    except TimeoutError:
                        yield None
                    continue
                seen = self._number
                yield self._latest
        finally:
            self._watchers -= 1
            if not self._watchers and self._task:
                self._task.cancel()
                self._task = None

    def _publish(self, line: Reply) -> None:
        self._latest = line
        self._number += 1
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _run(self) -> None:
        pause = RETRY_S
        while True:
            try:
                async with aclosing(self._open_stream()) as lines:
                    async for line in lines:
                        self._publish(line)
                        pause = RETRY_S
                problem = "the box has ended"
            except BoxError as error:
                problem = str(error)
            except Exception as error:  # otherwise the watchers would wait without end, and without a word
                log.exception("a stream from the box")
                problem = f"the page has failed ({type(error).__name__}), and tries again"
            self._publish({"error": problem})
            if not self._again:
                self._ended = True
                self._wake()
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_S)
