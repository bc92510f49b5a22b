"""Edits of MPD's queue, in command lists, between whose commands MPD does nothing else.

MPD runs a command list once it has received its end. So a box that is killed while it sends one has carried
out all of it or nothing. A list stops at the first command that fails; what was done before stays done.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import mpd

from device.mpd import responses
from device.mpd.connection import Client, printable
from device.mpd.playlists import PlaylistEntry
from device.mpd.queue_mirror import QueueMirror
from device.mpd.snapshot import Entry
from device.mpd.transport import ResponseError

log = logging.getLogger(__name__)

NONE_STORED: Mapping[str, PlaylistEntry] = {}
EXTRA_ATTEMPTS = 5  # another client may edit the queue between our reading it and our command list


def add_songs(
    mirror: QueueMirror,
    uris: Sequence[str],
    instead_of: Sequence[Entry],
    stored: Mapping[str, PlaylistEntry] = NONE_STORED,
    *,
    play: bool,
) -> tuple[Entry, ...]:
    """Add songs at the queue's end, play the first of them if asked, then remove `instead_of`.

    A song of a stored playlist has a command list of its own, before anything plays or is removed: whether
    MPD has added it is seen only afterwards. Songs that MPD does not accept are left out; if it accepts
    none, nothing is played or removed, except where the queue is full: then `instead_of` makes room first.

    Args:
        mirror: The queue.
        uris: Of the songs.
        instead_of: Entries that they replace.
        stored: Those of them that are queued as entries of a stored playlist, by URI.
        play: Whether the first of them plays.

    Returns:
        The entries that were added.

    Raises:
        mpd.CommandError: We have no permission, or the queue is full.
        ResponseError: MPD keeps refusing. Other MPD_ERRORS where the connection fails.
    """
    client = mirror.client
    added: list[Entry] = []
    remaining = list(uris)
    for _ in range(len(uris) + len(instead_of) + EXTRA_ATTEMPTS):  # each song may cost an attempt
        now = mirror.refresh()
        end = len(now.queue)
        old = [entry for entry in instead_of if entry in now.positions]
        if not (remaining or (added and (play or old))):
            return tuple(added)
        songs = _next_songs(remaining, stored)
        loaded = stored.get(songs[0]) if songs else None
        is_last = loaded is None and len(songs) == len(remaining)
        client.command_list_ok_begin()
        # With positions, so that our first song is at `end` even if another client adds a song now.
        if loaded:
            _load(client, loaded, end)
        else:
            for position, uri in enumerate(songs, end):
                client.addid(uri, position)
        if is_last and play:
            client.playid(added[0].id) if added else client.play(end)
        for entry in old if is_last else ():
            client.deleteid(entry.id)
        try:
            results = client.command_list_end()
        except mpd.CommandError as error:
            if error.errno == mpd.FailureResponseCode.PERMISSION:
                raise
            done = 0 if loaded else _songs_done(error, songs)
            added += _added(mirror, end, songs[:done])
            if error.errno == mpd.FailureResponseCode.PLAYLIST_MAX:
                if added:
                    remaining = []
                elif not _make_room(client, old, now.current):
                    raise
            elif is_last and done >= len(songs):
                play = False  # the song cannot play, or another client has removed an old entry
            elif responses.status(client).playlistlength >= end + done:  # else the queue has become shorter
                log.warning("%s cannot be queued: %s", remaining[done], printable(str(error)))
                done += 1
            remaining = remaining[done:]
        else:
            added += _loaded(client, songs[0], results) if loaded else _entries(results, songs)
            if is_last:
                return tuple(added)
            remaining = remaining[len(songs) :]
    raise ResponseError("it refuses one command list after another")


def _make_room(client: Client, old: Sequence[Entry], current: Entry | None) -> bool:
    """Remove old entries, the one that plays only if there is no other. Returns False if there is none."""
    for entry in [each for each in old if each != current] or old:
        with contextlib.suppress(mpd.CommandError):  # another client has removed it
            client.deleteid(entry.id)
    return bool(old)


def _next_songs(uris: Sequence[str], stored: Mapping[str, PlaylistEntry]) -> Sequence[str]:
    """The songs of the next command list: one of a stored playlist alone, or all until the first such one."""
    others = next((number for number, uri in enumerate(uris) if uri in stored), len(uris))
    return uris[: others or 1]


def _load(client: Client, entry: PlaylistEntry, position: int) -> None:
    """Send the commands that add an entry of a stored playlist, and show what they have added.

    `load` itself says nothing, not even that there is no such entry. Then MPD refuses `playlistinfo`, or
    another client's song is at this position, and the queue has not become longer.
    """
    client.status()
    client.load(entry.playlist, f"{entry.number}:{entry.number + 1}", position)
    client.status()
    client.playlistinfo(position)


def _loaded(client: Client, uri: str, results: Sequence[Any]) -> list[Entry]:
    """What `_load` has added. Another song is removed: the playlist was edited since it was read."""
    before, _, after, rows = results
    if _length(after) == _length(before):
        return []
    entries = [Entry(row.id, row.file) for row in responses.queued_songs(rows)]
    for entry in entries:
        if entry.uri != uri:
            with contextlib.suppress(mpd.CommandError):  # another client has removed it
                client.deleteid(entry.id)
    return [entry for entry in entries if entry.uri == uri]


def _length(status: Any) -> int:
    return responses.checked("status", status, responses.Status).playlistlength


def _songs_done(error: mpd.CommandError, uris: Sequence[str]) -> int:
    """How many of these songs MPD has added before the command that failed."""
    if error.offset is None:
        raise ResponseError(f"it refuses without saying which command: {error}") from error
    return min(int(error.offset), len(uris))


def _entries(results: Sequence[Any], uris: Sequence[str]) -> list[Entry]:
    """What a list that was carried out has added."""
    return [Entry(responses.added_id(answer), uri) for answer, uri in zip(results, uris, strict=False)]


def _added(mirror: QueueMirror, position: int, uris: Sequence[str]) -> list[Entry]:
    """What a list that failed has added."""
    rows = responses.queue_window(mirror.client, position, position + len(uris)) if uris else []
    return [Entry(row.id, uri) for row, uri in zip(rows, uris, strict=False) if row.file == uri]
