"""Requests to MPD that the box can do without: each over a connection of its own, which may be lost.

MPD closes the connection if a response is larger than its output buffer (8 MiB, or `max_output_buffer_size`),
as that to a long playlist may be. That must not cost the connection over which the box plays.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from device.config import settings
from device.mpd.connection import MPD_ERRORS, Client, explain, open_client

T = TypeVar("T")
log = logging.getLogger(__name__)

TOO_LARGE = "MPD hangs up; is its answer larger than max_output_buffer_size in mpd.conf allows?"
RETRY_AFTER_S = 300.0  # a response that is too large, say, would be so again


class OptionalRequests:
    """Runs optional requests, and remembers which of them have failed."""

    def __init__(self, music: settings.Music) -> None:
        self._music = music
        self._retry_at: dict[str, float] = {}  # monotonic seconds, by request

    def run(self, command_client: Client, name: str, request: Callable[[Client], T], default: T) -> T:
        """Run a request; its result, or the default if it fails or has failed lately.

        Args:
            command_client: The connection that matters. It is pinged, so that an MPD that hangs is noticed.
            name: What is requested, for the log.
            request: What to do with a client.
            default: What the box makes do with.

        Raises:
            One of MPD_ERRORS if MPD does not answer on `command_client` either.
        """
        if time.monotonic() < self._retry_at.get(name, 0.0):
            return default
        command_client.ping()
        try:
            with open_client(self._music) as client:
                return request(client)
        except MPD_ERRORS as error:
            command_client.ping()
            reason = TOO_LARGE if isinstance(error, ConnectionError) else explain(error, self._music)
            log.warning("%s: left out for now: %s", name, reason)
            self._retry_at[name] = time.monotonic() + RETRY_AFTER_S
            return default

    def reset(self) -> None:
        """Forget what has failed: every request may be tried again."""
        self._retry_at.clear()
