"""The songs that the user has picked for a mood: the stored playlist with its name."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

import mpd

from device.mood import Mood
from device.mpd import responses
from device.mpd.connection import Client

MAX_PLAYLISTS = 10  # with one mood's name: `sad`, `Sad`, `SAD`
MAX_LISTED = 200
COUNTING_S = 1.0  # MPD reads a playlist to count its songs, and does nothing else meanwhile


class StoredPlaylist(NamedTuple):
    """A playlist that MPD has stored.

    Attributes:
        name: Its name.
        mood: The mood for which the box plays from it; None if its name is no mood's.
        songs: How many songs it has; None where there are too many playlists to count.
    """

    name: str
    mood: Mood | None
    songs: int | None


class PlaylistEntry(NamedTuple):
    """An entry of a stored playlist: the playlist's name, and the entry's number from 0.

    MPD prints the URI of a stream without its password, and so cannot play it by that URI. As an entry of
    its playlist it is queued with the password.
    """

    playlist: str
    number: int


def mood_playlist(client: Client, mood: Mood) -> Mapping[str, PlaylistEntry]:
    """The URIs in the stored playlists with the mood's name in any case, in order; empty if there are none.

    Raises one of MPD_ERRORS, but none if MPD has no stored playlists.
    """
    stored: dict[str, PlaylistEntry] = {}
    with contextlib.suppress(mpd.CommandError):
        names = [name for name in responses.playlists(client) if _mood_of(name) is mood]
        for name in names[:MAX_PLAYLISTS]:
            for number, uri in enumerate(responses.playlist(client, name)):
                stored.setdefault(uri, PlaylistEntry(name, number))
        return stored
    return {}


def stored_playlists(client: Client) -> list[StoredPlaylist]:
    """Return at most `MAX_LISTED` playlists, those of a mood first, in the order of their names.

    Raises:
        mpd.CommandError: MPD stores none.
        Other MPD_ERRORS: MPD does not answer.
    """
    end = monotonic() + COUNTING_S
    names = sorted(responses.playlists(client), key=lambda name: (_mood_of(name) is None, name.casefold()))
    return [
        StoredPlaylist(name, _mood_of(name), _count(client, name) if monotonic() < end else None)
        for name in names[:MAX_LISTED]
    ]


def _count(client: Client, name: str) -> int | None:
    with contextlib.suppress(mpd.CommandError):  # somebody has just removed it
        return len(responses.playlist(client, name))
    return None


def _mood_of(name: str) -> Mood | None:
    return Mood(name.casefold()) if name.casefold() in set(Mood) else None
