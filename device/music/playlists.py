"""The user's own pick for a mood: the stored playlist of its name."""

from __future__ import annotations

import contextlib

import mpd

from device.mood import Mood


def songs_of(client: mpd.MPDClient, mood: Mood) -> tuple[str, ...]:
    """The URIs in the playlists that are called like the mood, in whatever case; none if there is no such."""
    with contextlib.suppress(mpd.CommandError):  # an MPD without stored playlists
        names = (row.get("playlist", "") for row in client.listplaylists())
        found = [name for name in names if name.casefold() == mood]
        return tuple(uri for name in found for uri in client.listplaylist(name))
    return ()
