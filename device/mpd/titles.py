"""How a song is named: to people by artist and title, or by its file where it has no title; else by URI."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

import mpd

from device.config import settings
from device.errors import PlayerError
from device.mpd import responses
from device.mpd.connection import connected
from device.mpd.responses import Text, tag_values


def song_name(artist: Text, title: Text, uri: str) -> str:
    """`Artist - Title`; one of them if the song has no other, the URI if it has neither."""
    parts = [", ".join(tag_values(tag)) for tag in (artist, title)]
    return " - ".join(filter(None, parts)) or uri


def is_stream(uri: str) -> bool:
    """Whether it names a stream, or a file outside of MPD's library, of which MPD knows nothing for later."""
    return "://" in uri


def is_network_stream(uri: str) -> bool:
    """Whether MPD fetches it from the network."""
    return is_stream(uri) and not uri.startswith("file://")


def titles_of(music: settings.Music, uris: Iterable[str]) -> Mapping[str, str]:
    """The titles of those songs that have one, by URI; none if MPD cannot be reached."""
    titles: dict[str, str] = {}
    with contextlib.suppress(PlayerError), connected(music) as client:
        for uri in uris:
            titles[uri] = title_of(client, uri)
    return {uri: title for uri, title in titles.items() if title}


def title_of(client: mpd.MPDClient, uri: str) -> str:
    """The title of a song of the library; empty if it has none, or there is no such song."""
    for song in _found(client, uri):
        return ", ".join(tag_values(song.title))
    return ""


def title_in_library(client: mpd.MPDClient, uri: str) -> str:
    """The same as `title_of`, and many times as fast: MPD goes to the file, and does not search for it."""
    with contextlib.suppress(mpd.CommandError):  # there is no such song
        for song in responses.song_info(client, uri):
            return ", ".join(tag_values(song.title))
    return ""


def is_in_library(client: mpd.MPDClient, uri: str) -> bool:
    """Whether MPD's library has this song."""
    return bool(_found(client, uri))


def _found(client: mpd.MPDClient, uri: str) -> list[responses.LibrarySong]:
    quoted = uri.replace("\\", "\\\\").replace("'", "\\'")
    return responses.find(client, f"(file == '{quoted}')", 0, 1)
