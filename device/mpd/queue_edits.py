"""Edits of MPD's queue, each as one command list, between whose commands MPD does nothing else.

MPD runs a command list once it has received its end. So a box that is killed while it sends one has edited
all or nothing. A list stops at the first command that fails; what was done before stays done.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

import mpd

from device.mpd import responses
from device.mpd.connection import Client, printable
from device.mpd.queue_mirror import QueueMirror
from device.mpd.snapshot import Entry
from device.mpd.transport import ResponseError

log = logging.getLogger(__name__)

EXTRA_ATTEMPTS = 5  # another client may edit the queue between our reading it and our command list


def add_songs(
    mirror: QueueMirror, uris: Sequence[str], instead_of: Sequence[Entry], *, play: bool
) -> tuple[Entry, ...]:
    """Add songs at the queue's end, play the first of them if asked, then remove `instead_of`.

    Songs that MPD does not accept are left out; if it accepts none, nothing is played or removed, except
    where the queue is full: then `instead_of` makes room first.

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
            client.addid(uri, position)
        if play:
            client.playid(added[0].id) if added else client.play(end)
        for entry in old:
            client.deleteid(entry.id)
        try:
            results = client.command_list_end()
        except mpd.CommandError as error:
            if error.errno == mpd.FailureResponseCode.PERMISSION:
                raise
            done = _commands_done(error)
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
            ids = responses.added_ids(results[: len(remaining)])
            added += [Entry(id_, uri) for id_, uri in zip(ids, remaining, strict=True)]
            return tuple(added)
    raise ResponseError("it refuses one command list after another")


def _make_room(client: Client, old: Sequence[Entry], current: Entry | None) -> bool:
    """Remove old entries, the one that plays only if there is no other. Returns False if there is none."""
    for entry in [each for each in old if each != current] or old:
        with contextlib.suppress(mpd.CommandError):  # another client has removed it
            client.deleteid(entry.id)
    return bool(old)


def _commands_done(error: mpd.CommandError) -> int:
    """How many commands of the list MPD has run before the one that failed."""
    if error.offset is None:
        raise ResponseError(f"it refuses without saying which command: {error}") from error
    return int(error.offset)


def _added(mirror: QueueMirror, position: int, uris: Sequence[str]) -> list[Entry]:
    """What a list that failed has added."""
    rows = responses.queue_window(mirror.client, position, position + len(uris)) if uris else []
    return [Entry(row.id, uri) for row, uri in zip(rows, uris, strict=False) if row.file == uri]
