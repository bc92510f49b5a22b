"""What the MPD worker tells the box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from device.mood_estimate import MoodEstimate
from device.mpd.snapshot import Entry, Snapshot


@dataclass(frozen=True)
class MpdConnected:
    """MPD answers, or answers again. `started` is when MPD was started, in seconds since the epoch."""

    snapshot: Snapshot
    started: float


@dataclass(frozen=True)
class MpdDisconnected:
    """MPD does not answer."""

    reason: str


@dataclass(frozen=True)
class MpdChanged:
    """MPD's state has changed; or it has stopped with an error, and has stayed so for a poll's interval.

    It also follows each edit of the queue. `reported`: it is the answer to `report`.
    """

    snapshot: Snapshot
    reported: bool = False


@dataclass(frozen=True)
class LibraryChanged:
    """MPD's stored playlists have changed; `songs`: its songs, too."""

    songs: bool


@dataclass(frozen=True)
class SongsFound:
    """What the user has chosen.

    Attributes:
        picked: URIs of the songs in the likely mood's stored playlist; empty if there is none.
        likes: Likes (True) and dislikes (False) of other MPD clients, by URI.
    """

    estimate: MoodEstimate
    picked: tuple[str, ...]
    likes: Mapping[str, bool]


@dataclass(frozen=True)
class SongsQueued:
    """What was added to MPD's queue: fewer songs than requested, or none, if MPD did not accept them.

    `play`: the first of them plays, in place of what the box had queued before.
    """

    estimate: MoodEstimate
    entries: tuple[Entry, ...]
    play: bool


@dataclass(frozen=True)
class SongsRefused:
    """The songs that were to be queued could not be, for a reason that has nothing to do with them."""

    estimate: MoodEstimate
    reason: str
    play: bool


MpdEvent = (
    MpdConnected | MpdDisconnected | MpdChanged | LibraryChanged | SongsFound | SongsQueued | SongsRefused
)
