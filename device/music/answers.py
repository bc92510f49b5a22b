"""What MPD answers, checked here once: past this, a field that must be there is there, and a number is one.

Each question raises AnswerError if that is no answer of MPD's, and mpd.CommandError if MPD refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import mpd
import msgspec

from device.music.wire import LONGEST_LINE, AnswerError

LONGEST_URI = LONGEST_LINE // 8  # letters: a name that was cut off with its line is longer, and is no name
LONGEST_QUEUE = 200_000  # songs; MPD's own limit (max_playlist_length) is 16,384, unless it was raised
LARGEST_LIBRARY = 1_000_000  # songs

Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Uri = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_URI)]
Text = str | list[str]
"""A tag. python-mpd2 makes a list of one that a song has more than once."""
T = TypeVar("T")


class Status(msgspec.Struct, frozen=True):
    """playlist: the version of the queue. songid, nextsongid: what plays, and what comes next."""

    state: Literal["play", "pause", "stop"]
    playlist: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    playlistlength: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_QUEUE)]
    songid: Number | None = None
    nextsongid: Number | None = None
    error: str = ""
    single: str = "0"
    consume: str = "0"
    random: str = "0"
    elapsed: Seconds = 0.0
    duration: Seconds = 0.0
    updating_db: str | None = None


class Stats(msgspec.Struct, frozen=True):
    """uptime: seconds. An MPD without a database says nothing of songs."""

    uptime: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    songs: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_LIBRARY)] = 0
    db_update: str = ""
    db_playtime: str = ""


class Queued(msgspec.Struct, frozen=True):
    """A song in the queue."""

    file: Uri
    id: Number


class Current(msgspec.Struct, frozen=True):
    """The song that plays; all is empty where there is none."""

    file: str = ""
    artist: Text = ""
    title: Text = ""


class Tagged(msgspec.Struct, frozen=True):
    """A song in the library."""

    file: Uri
    modified: str = msgspec.field(default="", name="last-modified")
    artist: Text = ""
    genre: Text = ""
    mood: Text = ""


class Sticker(msgspec.Struct, frozen=True):
    file: Uri
    sticker: str


class Playlist(msgspec.Struct, frozen=True):
    playlist: str


class Configuration(msgspec.Struct, frozen=True):
    music_directory: Annotated[str, msgspec.Meta(pattern=r"^([^~\0][^\0]*)?$")] = ""


def checked(what: str, answer: Any, kind: type[T]) -> T:
    """An answer as python-mpd2 reads it, in which all is text. Raises AnswerError."""
    try:
        return msgspec.convert(answer, kind, strict=False)
    except msgspec.ValidationError as error:
        raise AnswerError(f"{what}: {error}") from error


def status(client: mpd.MPDClient) -> Status:
    return checked("status", client.status(), Status)


def stats(client: mpd.MPDClient) -> Stats:
    return checked("stats", client.stats(), Stats)


def commands(client: mpd.MPDClient) -> frozenset[str]:
    """Those that MPD knows, and lets us use."""
    return frozenset(client.commands())


def tag_types(client: mpd.MPDClient) -> frozenset[str]:
    """The names of the tags that MPD knows, in small letters."""
    return frozenset(tag.casefold() for tag in client.tagtypes())


def queued(client: mpd.MPDClient, start: int, end: int) -> list[Queued]:
    """The queue from the place `start` to before `end`, which may lie behind its end."""
    rows = checked("playlistinfo", client.playlistinfo(f"{start}:{end}"), list[Queued])
    return _no_more("playlistinfo", rows, end - start)


def find(client: mpd.MPDClient, which: str, start: int, end: int) -> list[Tagged]:
    """The library's songs of which the filter `which` is true, from number `start` to before `end`."""
    rows = checked("find", client.find(which, "window", f"{start}:{end}"), list[Tagged])
    return _no_more("find", rows, end - start)


def comments(client: mpd.MPDClient, uri: str) -> dict[str, Text]:
    """A file's raw comments, by name."""
    return checked("readcomments", client.readcomments(uri), dict[str, Text])


def configuration(client: mpd.MPDClient) -> Configuration:
    return checked("config", client.config(), Configuration)


def playlists(client: mpd.MPDClient) -> list[str]:
    """The names of the stored playlists."""
    return [row.playlist for row in checked("listplaylists", client.listplaylists(), list[Playlist])]


def playlist(client: mpd.MPDClient, name: str) -> list[str]:
    """The URIs in a stored playlist."""
    return checked("listplaylist", client.listplaylist(name), list[Uri])


def stickers(client: mpd.MPDClient, name: str) -> dict[str, str]:
    """The values of a sticker, by the song's URI."""
    rows = checked("sticker find", client.sticker_find("song", "", name), list[Sticker])
    return {row.file: row.sticker.partition("=")[2] for row in rows}


def places(lines: Iterable[str]) -> list[tuple[int, int]]:
    """The places and ids in an answer to plchangesposid: of a long queue it is long, and this is quick."""
    rows = list(lines)
    spots = [row[6:] for row in rows[::2] if row.startswith("cpos: ")]
    ids = [row[4:] for row in rows[1::2] if row.startswith("Id: ")]
    if not len(spots) == len(ids) == len(rows) / 2:
        raise AnswerError("plchangesposid: a place without an id, or an id without a place")
    what = "plchangesposid"
    return list(zip(checked(what, spots, list[Number]), checked(what, ids, list[Number]), strict=True))


def ids(added: Sequence[Any]) -> list[int]:
    """The answers to several addid."""
    return checked("addid", added, list[Number])


def words(text: Text) -> Sequence[str]:
    """All that a tag says; nothing if the song has no such tag."""
    if isinstance(text, str):
        return [text] if text else []
    return text


def _no_more(what: str, rows: list[T], count: int) -> list[T]:
    if len(rows) > count:
        raise AnswerError(f"{what}: {len(rows)} songs, where {count} were asked for")
    return rows
