"""Reads MPD's library in chunks, and in smaller chunks where MPD's answer would be larger than it can send.

MPD closes the connection in that case. Without smaller chunks, the scan would fail at the same songs each
time.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence, Set

import mpd

from device.mpd import responses
from device.mpd.connection import MPD_ERRORS, Client
from device.mpd.responses import LibrarySong
from device.mpd.transport import ResponseError

log = logging.getLogger(__name__)

CHUNK_SIZE = 250  # songs that MPD is asked for at once
TAGS = ("Artist", "Genre", "Mood")
ALL_SONGS = "(file != '')"  # not by time: a file's may be before 1970


class ChunkReader:
    """Reads songs with the tags that the lexicon needs, in MPD's order."""

    def __init__(self, client: Client, known_tags: Set[str]) -> None:
        """Ask MPD to send only the tags that are needed.

        Args:
            client: connected; the reader reconnects it where MPD closes the connection.
            known_tags: the names of the tags that this MPD supports, in lower case.
        """
        self._client = client
        self._tags = [tag for tag in TAGS if tag.casefold() in known_tags]
        self._size = CHUNK_SIZE
        self._request_tags(self._tags)

    def read_from(self, position: int) -> list[LibrarySong]:
        """Return the songs that follow the first `position` songs; none at the end.

        Raises:
            ResponseError: the library is larger than any real one.
            Exception: one of MPD_ERRORS, if MPD cannot be reached.
        """
        if position > responses.LARGEST_LIBRARY:
            raise ResponseError(f"a library of more than {responses.LARGEST_LIBRARY} songs")
        rows = self._find(position)
        self._size = min(max(1, 2 * self._size), CHUNK_SIZE)
        return rows

    def _find(self, position: int) -> list[LibrarySong]:
        while self._size:
            try:
                return responses.find(self._client, ALL_SONGS, position, position + self._size)
            except mpd.CommandError:
                raise
            except MPD_ERRORS as error:
                log.debug("%d songs at once: %s", self._size, error)
                self._client.reconnect()  # this raises an error if MPD itself is not reachable
                self._size //= 2
                self._request_tags(self._tags)
        self._request_tags([])
        rows = responses.find(self._client, ALL_SONGS, position, position + 1)
        self._request_tags(self._tags)
        for row in rows:
            log.warning("%s: its tags are larger than MPD can send; they are ignored", row.file)
        return rows

    def _request_tags(self, tags: Sequence[str]) -> None:
        """Limit the tags that MPD sends. An MPD that refuses sends all of them, which does no harm."""
        with contextlib.suppress(mpd.CommandError):
            self._client.tagtypes("clear")
            if tags:
                self._client.tagtypes("enable", *tags)
