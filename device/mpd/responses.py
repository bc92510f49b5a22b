"""MPD's responses, checked here once: from here on, required fields are there, and numbers are numbers.

Each function that takes a client sends one command. It raises ResponseError if the response is not one of
MPD's, mpd.CommandError if MPD refuses the command, and other MPD_ERRORS if the connection fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import mpd
import msgspec

from device.mpd.transport import MAX_LINE, ResponseError

MAX_URI = MAX_LINE // 8  # characters; a URI that was cut off with its line is longer, and is refused
MAX_QUEUE = 200_000  # songs; MPD's own default (max_playlist_length) is 16,384
LARGEST_LIBRARY = 1_000_000  # songs

Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Uri = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URI)]
Text = str | list[str]
"""The value of a tag, or a list of values where the song has the tag more than once."""
T = TypeVar("T")


class Status(msgspec.Struct, frozen=True):
    """The response to `status`.

    Attributes:
        playlist: The version of the queue.
        playlistlength: How many songs it has.
        songid: The id of the current song.
        nextsongid: The id of the song that comes next.
        elapsed: Seconds of the current song that have been played.
        duration: Seconds of the current song.
        volume: In percent; -1 where MPD has no mixer.
    """

    state: Literal["play", "pause", "stop"]
    playlist: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    playlistlength: Annotated[int, msgspec.Meta(ge=0, le=MAX_QUEUE)]
    songid: Number | None = None
    nextsongid: Number | None = None
    error: str = ""
    single: str = "0"
    consume: str = "0"
    random: str = "0"
    elapsed: Seconds = 0.0
    duration: Seconds = 0.0
    updating_db: str | None = None
    volume: Annotated[int, msgspec.Meta(ge=-1, le=100)] = -1

    @property
    def volume_percent(self) -> int | None:
        """The volume; None where MPD has no mixer."""
        return None if self.volume < 0 else self.volume


class Stats(msgspec.Struct, frozen=True):
    """The response to `stats`. `uptime` is in seconds. An MPD without a database reports no songs."""

    uptime: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    songs: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_LIBRARY)] = 0
    db_update: str = ""
    db_playtime: str = ""


class QueuedSong(msgspec.Struct, frozen=True):
    """A song in the queue; its tags are empty where MPD was told not to send them."""

    file: Uri
    id: Number
    artist: Text = ""
    title: Text = ""


class CurrentSong(msgspec.Struct, frozen=True):
    """The current song; all fields are empty if there is none."""

    file: str = ""
    artist: Text = ""
    title: Text = ""


class LibrarySong(msgspec.Struct, frozen=True):
    """A song in the library."""

    file: Uri
    modified: str = msgspec.field(default="", name="last-modified")
    artist: Text = ""
    title: Text = ""
    genre: Text = ""
    mood: Text = ""


class Sticker(msgspec.Struct, frozen=True):
    """A song's sticker; `sticker` is `name=value`."""

    file: Uri
    sticker: str


class Playlist(msgspec.Struct, frozen=True):
    """A stored playlist's name."""

    playlist: str


class Output(msgspec.Struct, frozen=True):
    """Where MPD plays to, and how."""

    outputenabled: bool
    plugin: str = ""
    outputname: str = ""


class Configuration(msgspec.Struct, frozen=True):
    """What MPD tells of its configuration to clients on its Unix socket."""

    music_directory: Annotated[str, msgspec.Meta(pattern=r"^([^~\0][^\0]*)?$")] = ""


def checked(command: str, response: Any, kind: type[T]) -> T:
    """Convert a response as python-mpd2 parses it, in which all values are text. Raises ResponseError."""
    try:
        return msgspec.convert(response, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ResponseError(f"{command}: {error}") from error


def status(client: mpd.MPDClient) -> Status:
    """What MPD does right now."""
    return checked("status", client.status(), Status)


def stats(client: mpd.MPDClient) -> Stats:
    """How long MPD has run, and the size of its library."""
    return checked("stats", client.stats(), Stats)


def outputs(client: mpd.MPDClient) -> list[Output]:
    """MPD's outputs, whether it uses them or not."""
    return checked("outputs", client.outputs(), list[Output])


def commands(client: mpd.MPDClient) -> frozenset[str]:
    """The commands that MPD has, and lets us use."""
    return frozenset(client.commands())


def tag_types(client: mpd.MPDClient) -> frozenset[str]:
    """The names of the tags that MPD reads, in lower case."""
    return frozenset(tag.casefold() for tag in client.tagtypes())


def queue_window(client: mpd.MPDClient, start: int, end: int) -> list[QueuedSong]:
    """The queue from position `start` up to, but not including, `end`, which may lie behind its end."""
    rows = queued_songs(client.playlistinfo(f"{start}:{end}"))
    return _at_most("playlistinfo", rows, end - start)


def find(client: mpd.MPDClient, expression: str, start: int, end: int) -> list[LibrarySong]:
    """The songs of the library that match a filter expression, from number `start` up to before `end`."""
    rows = checked("find", client.find(expression, "window", f"{start}:{end}"), list[LibrarySong])
    return _at_most("find", rows, end - start)


def song_info(client: mpd.MPDClient, uri: str) -> list[LibrarySong]:
    """One song of the library, or nothing if the URI is that of a folder without songs."""
    rows = [row for row in client.lsinfo(uri) if "file" in row]
    return checked("lsinfo", rows[:1], list[LibrarySong])


def comments(client: mpd.MPDClient, uri: str) -> dict[str, Text]:
    """The raw comments of a file, by name."""
    return checked("readcomments", client.readcomments(uri), dict[str, Text])


def configuration(client: mpd.MPDClient) -> Configuration:
    """MPD's configuration; MPD refuses it over TCP."""
    return checked("config", client.config(), Configuration)


def playlists(client: mpd.MPDClient) -> list[str]:
    """The names of the stored playlists."""
    return [row.playlist for row in checked("listplaylists", client.listplaylists(), list[Playlist])]


def playlist(client: mpd.MPDClient, name: str) -> list[str]:
    """The URIs in a stored playlist."""
    return checked("listplaylist", client.listplaylist(name), list[Uri])


def stickers(client: mpd.MPDClient, name: str) -> dict[str, str]:
    """The values of one sticker of all songs, by URI."""
    rows = checked("sticker find", client.sticker_find("song", "", name), list[Sticker])
    return {row.file: row.sticker.partition("=")[2] for row in rows}


def positions(lines: Iterable[str]) -> list[tuple[int, int]]:
    """Parse the positions and ids of `plchangesposid`; fast, since a long queue has many."""
    command = "plchangesposid"
    rows = list(lines)
    texts = [row[6:] for row in rows[::2] if row.startswith("cpos: ")]
    ids = [row[4:] for row in rows[1::2] if row.startswith("Id: ")]
    if not len(texts) == len(ids) == len(rows) / 2:
        raise ResponseError(f"{command}: a position without an id, or an id without a position")
    return list(zip(checked(command, texts, list[Number]), checked(command, ids, list[Number]), strict=True))


def added_id(result: Any) -> int:
    """Check the result of an `addid`."""
    return checked("addid", result, Number)


def queued_songs(result: Any) -> list[QueuedSong]:
    """Check the result of a `playlistinfo`."""
    return checked("playlistinfo", result, list[QueuedSong])


def tag_values(text: Text) -> Sequence[str]:
    """All values of a tag; empty if the song does not have it."""
    if isinstance(text, str):
        return [text] if text else []
    return text


def _at_most(command: str, rows: list[T], count: int) -> list[T]:
    if len(rows) > count:
        raise ResponseError(f"{command}: {len(rows)} songs, where {count} were asked for")
    return rows
