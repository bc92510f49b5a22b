"""The songs that the user has picked for a mood: the stored playlist with its name."""

from __future__ import annotations

import contextlib

import mpd

from device.mood import Mood
from device.mpd import responses
from device.mpd.connection import Client

MAX_PLAYLISTS = 10  # with one mood's name: `sad`, `Sad`, `SAD`


def mood_playlist(client: Client, mood: Mood) -> tuple[str, ...]:
    """The URIs in the stored playlists with the mood's name in any case; empty if there are none.

    Raises one of MPD_ERRORS, but none if MPD has no stored playlists.
    """
    with contextlib.suppress(mpd.CommandError):
        names = [name for name in responses.playlists(client) if name.casefold() == mood]
        return tuple(uri for name in names[:MAX_PLAYLISTS] for uri in responses.playlist(client, name))
    return ()
