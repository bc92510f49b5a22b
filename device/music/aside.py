"""Questions to MPD that the box can do without an answer to: over a connection that may be lost.

MPD hangs up where an answer is larger than it sends (8 MiB, or its `max_output_buffer_size`), as that to a
playlist of many songs may be. That must not cost the connection over which the box plays.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from device import settings
from device.music.link import FAILURES, Client, client_of, explain

T = TypeVar("T")
log = logging.getLogger(__name__)

LARGE = "MPD hangs up; is its answer larger than max_output_buffer_size in mpd.conf lets it be?"
PAUSE = 300.0  # seconds until MPD is asked again for what it could not give: trying takes its time, too


class Aside:
    def __init__(self, music: settings.Music) -> None:
        self._music = music
        self._not_before: dict[str, float] = {}  # by what is asked for

    def ask(self, hands: Client, what: str, question: Callable[[Client], T], otherwise: T) -> T:
        """The answer; `otherwise` if MPD cannot give it, or could not a moment ago.

        hands: the connection that matters; raises one of FAILURES if MPD does not answer there either.
        """
        if time.monotonic() < self._not_before.get(what, 0.0):
            return otherwise
        hands.ping()  # so that an MPD that hangs is soon noticed
        try:
            with client_of(self._music) as client:
                return question(client)
        except FAILURES as error:
            hands.ping()
            why = LARGE if isinstance(error, ConnectionError) else explain(error, self._music)
            log.warning("%s: left out for now: %s", what, why)
            self._not_before[what] = time.monotonic() + PAUSE
            return otherwise

    def begin(self) -> None:
        """Everything may be asked for again."""
        self._not_before.clear()
