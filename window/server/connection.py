"""A connection that ends if its other side is too slow, and bounds on how many there are.

uvicorn has a time limit for a connection on which nothing comes, but none for a request that comes in bit by
bit, nor for a browser that does not read.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 64
MAX_OF_ONE_ADDRESS = 24
REQUEST_S = 15.0
"""For all lines of a request to come in, its body apart."""
READ_S = 10.0
"""For the other side to read on, once its buffers are full."""


class Connection(H11Protocol):
    """An HTTP connection with these bounds."""

    _request_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or end it at once where there are too many."""
        super().connection_made(transport)
        others = [cast(Any, each) for each in self.connections if each is not self]
        same = sum(each.client is not None and self.client is not None and each.client[0] == self.client[0]
                   for each in others)  # fmt: skip
        if len(others) >= MAX_CONNECTIONS or same >= MAX_OF_ONE_ADDRESS:
            transport.abort()
            return
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clocks()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Give the next request its time."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._await_request()

    def pause_writing(self) -> None:
        """The other side does not read: wait for a while."""
        super().pause_writing()
        self._read_timer = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads on."""
        super().resume_writing()
        if self._read_timer:
            self._read_timer.cancel()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP. It ends the connection, and whatever is being answered on it."""
        cycle = cast(Any, self.cycle)
        if cycle and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # an answer has begun already
            self.transport.close()

    def _await_request(self) -> None:
        if self._request_timer:
            self._request_timer.cancel()
        self._request_timer = self.loop.call_later(REQUEST_S, self._end_if_no_request)

    def _end_if_no_request(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()

    def _stop_clocks(self) -> None:
        for timer in (self._request_timer, self._read_timer):
            if timer:
                timer.cancel()
