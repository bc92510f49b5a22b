"""uvicorn's server, which ends by a signal, or by itself when nobody has been connected for a while."""

from __future__ import annotations

import asyncio
import contextlib
import time
from types import FrameType

import uvicorn

TICK_S = 1.0


class PageServer(uvicorn.Server):
    """Serves until it is told to end. It wakes once a second meanwhile, and uvicorn's own loop ten times."""

    def __init__(self, config: uvicorn.Config, idle_s: float | None = None) -> None:
        """Take uvicorn's settings.

        Args:
            config: The settings.
            idle_s: Seconds without a connection after which it ends; None for never.
        """
        super().__init__(config)
        self._idle_s = idle_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End soon. Any thread may call it, and a signal's handler."""
        self.should_exit = True
        if self._loop:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._ending.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End by a signal."""
        super().handle_exit(sig, frame)
        self.end()

    async def main_loop(self) -> None:
        """Wait for the end. Each tick sets the header `Date`, and looks whether anybody is connected."""
        self._loop = asyncio.get_running_loop()
        last_connected = time.monotonic()
        while not await self.on_tick(0):
            if self.server_state.connections:
                last_connected = time.monotonic()
            elif self._idle_s is not None and time.monotonic() - last_connected >= self._idle_s:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), TICK_S)
