"""MPD's library in chunks; in smaller ones where what it says of so many songs is more than it sends.

It hangs up then: that would end the reading at the same songs each time.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence, Set

import mpd

from device.mpd import responses as answers
from device.mpd.connection import MPD_ERRORS, Client
from device.mpd.responses import LibrarySong
from device.mpd.transport import ResponseError

log = logging.getLogger(__name__)

CHUNK = 250  # songs that MPD is asked for at once
TAGS = ("Artist", "Genre", "Mood")
ALL = "(modified-since '1970-01-01T00:00:00Z')"


class Chunks:
    def __init__(self, client: Client, known: Set[str]) -> None:
        """known: the tags that MPD knows, in small letters."""
        self._client = client
        self._tags = [tag for tag in TAGS if tag.casefold() in known]
        self._size = CHUNK
        self._want(self._tags)

    def behind(self, position: int) -> list[LibrarySong]:
        """The songs that follow the first `position`. Raises one of MPD_ERRORS."""
        if position > answers.LARGEST_LIBRARY:
            raise ResponseError(f"a library of more than {answers.LARGEST_LIBRARY} songs")
        rows = self._find(position)
        self._size = min(max(1, 2 * self._size), CHUNK)
        return rows

    def _find(self, position: int) -> list[LibrarySong]:
        while self._size:
            try:
                return answers.find(self._client, ALL, position, position + self._size)
            except mpd.CommandError:
                raise
            except MPD_ERRORS as error:
                log.debug("%d songs at once: %s", self._size, error)
                self._client.reconnect()  # which fails where MPD itself has gone
                self._size //= 2
                self._want(self._tags)
        self._want([])
        rows = answers.find(self._client, ALL, position, position + 1)
        self._want(self._tags)
        for row in rows:
            log.warning("%s: its tags are more than MPD sends, and are left out", row.file)
        return rows

    def _want(self, tags: Sequence[str]) -> None:
        """MPD sends all tags else. One that refuses sends more, and does no harm."""
        with contextlib.suppress(mpd.CommandError):
            self._client.tagtypes("clear")
            if tags:
                self._client.tagtypes("enable", *tags)
