"""Sends what the box tells to a browser as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from window.access.guard import RefusedError
from window.box.broadcast import Broadcast
from window.box.client import Reply

RETRY_MS = 3000
MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


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

    def open(
        self,
        request: Request,
        is_welcome: Callable[[], bool],
        *,
        closed: str = "",
        on_error: Callable[[], object] = lambda: None,
    ) -> Response:
        """Open a stream. Who asks for the headers alone opens none.

        Args:
            request: What asks for it.
            is_welcome: Once it returns False, the stream ends.
            closed: What a browser is told that is not welcome; "" for nothing.
            on_error: Called when the box says that something is wrong.

        Raises:
            RefusedError: There are too many.
        """
        if self._broadcast.watchers >= self._most:
            raise RefusedError(503, "Too many pages are open at once: close some.")
        if request.method == "HEAD":
            return Response(media_type=MEDIA_TYPE, headers=HEADERS)
        return StreamingResponse(
            _events(self._broadcast, is_welcome, closed, on_error), media_type=MEDIA_TYPE, headers=HEADERS
        )


async def _events(
    broadcast: Broadcast, is_welcome: Callable[[], bool], closed: str, on_error: Callable[[], object]
) -> AsyncGenerator[str, None]:
    yield f"retry: {RETRY_MS}\n\n"
    if is_welcome():
        async with aclosing(broadcast.watch()) as lines:
            async for line in lines:
                if not is_welcome():
                    break
                if line is not None and "error" in line:
                    on_error()
                yield event(line) if line is not None else ": still here\n\n"
            else:
                return
    if closed:
        yield event({"error": closed})


def event(line: Reply) -> str:
    """Return one server-sent event; JSON in ASCII has no line break in it."""
    return f"data: {json.dumps(line, separators=(',', ':'))}\n\n"
