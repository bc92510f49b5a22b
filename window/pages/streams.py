"""Sends what the box tells to a browser as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.responses import StreamingResponse

from window.access.guard import RefusedError
from window.box.broadcast import Broadcast
from window.box.client import Reply

RETRY_MS = 3000


class EventStreams:
    """The streams of one kind, of which there may be a few at once."""

    def __init__(self, broadcast: Broadcast, most: int) -> None:
        """Take what is sent.

        Args:
            broadcast: Where it comes from.
            most: How many streams there may be.
        """
        self._broadcast = broadcast
        self._most = most

    def open(self, is_welcome: Callable[[], bool]) -> StreamingResponse:
        """Open a stream; it ends once its browser is not welcome any more.

        Raises:
            RefusedError: There are too many.
        """
        if self._broadcast.watchers >= self._most:
            raise RefusedError(503, "Too many pages are open at once: close some.")
        return StreamingResponse(
            _events(self._broadcast, is_welcome),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


async def _events(broadcast: Broadcast, is_welcome: Callable[[], bool]) -> AsyncGenerator[str, None]:
    yield f"retry: {RETRY_MS}\n\n"
    async with aclosing(broadcast.watch()) as lines:
        async for line in lines:
            if not is_welcome():
                return
            yield event(line) if line is not None else ": still here\n\n"


def event(line: Reply) -> str:
    """Return one server-sent event; JSON in ASCII has no line break in it."""
    return f"data: {json.dumps(line, separators=(',', ':'))}\n\n"
