"""Which songs of MPD's library fit a mood: by playlist, MOOD tag, genre, or else any."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import monotonic

import mpd

from device.mood import Mood

log = logging.getLogger(__name__)

# Below 0.24, MPD knows MOOD only as a raw comment, which costs a question for each file (about 0.3 ms).
MOST_COMMENTS = 2000
LONGEST_SCAN = 5.0  # seconds


@dataclass(frozen=True)
class Songs:
    """URIs, and where they were found: `playlist`, `mood tag`, `genre`, or `all songs`."""

    uris: tuple[str, ...]
    source: str


class Finder:
    """Asks one MPD server; keeps the MOOD comments of a server that has no such tag."""

    def __init__(self, genres: Mapping[Mood, Collection[str]]) -> None:
        self._genres = genres
        self._comments: dict[str, str] | None = None

    def forget(self) -> None:
        """The library has changed, or it is another server's."""
        self._comments = None

    def songs(self, client: mpd.MPDClient, mood: Mood) -> Songs:
        """The songs of the first source that has any."""
        sources: dict[str, Callable[[], list[str]]] = {
            "playlist": lambda: _playlist(client, mood),
            "mood tag": lambda: self._tagged(client, mood),
            "genre": lambda: _with_tag(client, "genre", self._genres.get(mood, ())),
            "all songs": lambda: [uri for uri in _values(client.list("file"), "file") if uri],
        }
        for source, find in sources.items():
            try:
                uris = tuple(find())
            except mpd.CommandError:
                if source == "all songs":
                    raise
                continue  # an MPD without stored playlists, say, may still have the others
            if uris:
                return Songs(uris, source)
        return Songs((), "all songs")

    def _tagged(self, client: mpd.MPDClient, mood: Mood) -> list[str]:
        if any(tag.casefold() == "mood" for tag in client.tagtypes()):
            return _with_tag(client, "mood", [mood])
        if self._comments is None:
            self._comments = _mood_comments(client)
        return [uri for uri, word in self._comments.items() if word == mood]


def _playlist(client: mpd.MPDClient, mood: Mood) -> list[str]:
    names = _values(client.listplaylists(), "playlist")
    found = (name for name in names if name.casefold() == mood)
    return [uri for name in found for uri in client.listplaylist(name)]


def _with_tag(client: mpd.MPDClient, tag: str, wanted: Collection[str]) -> list[str]:
    """Songs whose `tag` is one of `wanted`, in whatever case it is written."""
    known = {word.casefold() for word in wanted}
    values = [value for value in _values(client.list(tag), tag) if value.casefold() in known]
    return [
        uri
        for value in values
        for uri in _values(client.list("file", f"({tag} == {_quoted(value)})"), "file")
    ]


def _mood_comments(client: mpd.MPDClient) -> dict[str, str]:
    uris = _values(client.list("file"), "file")
    if len(uris) > MOST_COMMENTS:
        log.warning("this MPD has no MOOD tag, and %d songs are too many to ask one by one", len(uris))
        return {}
    moods: dict[str, str] = {}
    end = monotonic() + LONGEST_SCAN
    timeout, client.timeout = client.timeout, LONGEST_SCAN  # a file on a slow disk is no MPD that hangs
    for uri in uris:
        if monotonic() > end:
            log.warning("MOOD comments take too long to read: %d found so far will do", len(moods))
            break
        try:
            comments = client.readcomments(uri)
        except mpd.CommandError:  # a file that MPD cannot read any more
            continue
        words = [value for name, value in comments.items() if name.casefold() == "mood"]
        if words:
            word = words[0][0] if isinstance(words[0], list) else words[0]
            moods[uri] = word.casefold()
    client.timeout = timeout
    return moods


def _values(rows: list[dict[str, str]] | list[str], key: str) -> list[str]:
    return [row if isinstance(row, str) else row.get(key, "") for row in rows]


def _quoted(value: str) -> str:
    """A value inside one of MPD's filter expressions."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
