"""Edits of MPD's queue, each as one command list, between whose commands MPD does nothing else.

MPD runs a command list once it has received its end. So a box that is killed while it sends one has edited
all or nothing. A list stops at the first command that fails; what was done before stays done.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from itertools import accumulate
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

    Songs that MPD does not accept are left out; if it accepts none, nothing is played or removed, except
    where the queue is full: then `instead_of` makes room first.

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
        client.command_list_ok_begin()
        # With positions, so that our first song is at `end` even if another client adds a song now.
        for position, uri in enumerate(remaining, end):
            _add(client, uri, position, stored.get(uri))
        if play:
            client.playid(added[0].id) if added else client.play(end)
        for entry in old:
            client.deleteid(entry.id)
        try:
            results = client.command_list_end()
        except mpd.CommandError as error:
            if error.errno == mpd.FailureResponseCode.PERMISSION:
                raise
            done = _songs_done(error, remaining, stored)
            added += _added(mirror, end, remaining[:done])
            if error.errno == mpd.FailureResponseCode.PLAYLIST_MAX:
                if added:
                    remaining = []
                elif not _make_room(client, old, now.current):
                    raise
            elif done >= len(remaining):  # the song cannot play, or another client has removed an old entry
                play = False
            elif responses.status(client).playlistlength >= end + done:  # else the queue has become shorter
                log.warning("%s cannot be queued: %s", remaining[done], printable(str(error)))
                done += 1
            remaining = remaining[done:]
        else:
            return (*added, *_entries(results, remaining, stored))
    raise ResponseError("it refuses one command list after another")


def _make_room(client: Client, old: Sequence[Entry], current: Entry | None) -> bool:
    """Remove old entries, the one that plays only if there is no other. Returns False if there is none."""
    for entry in [each for each in old if each != current] or old:
        with contextlib.suppress(mpd.CommandError):  # another client has removed it
            client.deleteid(entry.id)
    return bool(old)


def _add(client: Client, uri: str, position: int, entry: PlaylistEntry | None) -> None:
    """Send the commands that add a song, as many as `_commands` counts; the last is answered with its id."""
    if entry is None:
        client.addid(uri, position)
    else:
        client.load(entry.playlist, f"{entry.number}:{entry.number + 1}", position)
        client.playlistinfo(position)  # which MPD refuses if nothing was added: `load` itself says nothing


def _commands(uris: Sequence[str], stored: Mapping[str, PlaylistEntry]) -> list[int]:
    """How many commands of the list have been sent once each of these songs is added."""
    return list(accumulate(2 if uri in stored else 1 for uri in uris))


def _songs_done(error: mpd.CommandError, uris: Sequence[str], stored: Mapping[str, PlaylistEntry]) -> int:
    """How many of these songs MPD has added before the command that failed."""
    if error.offset is None:
        raise ResponseError(f"it refuses without saying which command: {error}") from error
    return sum(sent <= int(error.offset) for sent in _commands(uris, stored))


def _entries(results: Sequence[Any], uris: Sequence[str], stored: Mapping[str, PlaylistEntry]) -> list[Entry]:
    """What a list that was carried out has added.

    A playlist that was edited since it was read may have another entry there: that is not ours.
    """
    entries: list[Entry] = []
    for uri, sent in zip(uris, _commands(uris, stored), strict=True):
        answer = results[sent - 1]
        if uri in stored:
            entries += [Entry(row.id, uri) for row in responses.queued_songs(answer) if row.file == uri]
        else:
            entries.append(Entry(responses.added_id(answer), uri))
    return entries


def _added(mirror: QueueMirror, position: int, uris: Sequence[str]) -> list[Entry]:
    """What a list that failed has added."""
    rows = responses.queue_window(mirror.client, position, position + len(uris)) if uris else []
    return [Entry(row.id, uri) for row, uri in zip(rows, uris, strict=False) if row.file == uri]
