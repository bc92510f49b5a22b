"""The user's own pick for a mood: the stored playlist of its name."""

from __future__ import annotations

import contextlib

import mpd

from device.mood import Mood
from device.mpd import responses as answers
from device.mpd.connection import Client

MOST = 10  # playlists of one mood's name: `sad`, `Sad`, `SAD`


def songs_of(client: Client, mood: Mood) -> tuple[str, ...]:
    """The URIs in the playlists that are called like the mood, in whatever case; none if there is no such."""
    with contextlib.suppress(mpd.CommandError):  # an MPD without stored playlists
        found = [name for name in answers.playlists(client) if name.casefold() == mood]
        return tuple(uri for name in found[:MOST] for uri in answers.playlist(client, name))
    return ()
