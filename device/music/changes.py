"""Changes of MPD's queue: each is one list of commands, between which MPD lets nothing happen.

MPD begins with a list when it has its end. So whoever is killed on the way has changed all or nothing. But a
list ends at a command that fails, and what was done before stays done.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import mpd

from device.music.queue import Entry

log = logging.getLogger(__name__)


def put(
    client: mpd.MPDClient, uris: Sequence[str], instead_of: Sequence[Entry], *, play: bool
) -> tuple[Entry, ...]:
    """Adds songs at the queue's end, plays the first of them if asked, then removes `instead_of`.

    Songs that MPD does not take are left out; if it takes none, nothing is played or removed.
    Returns what was added. Raises mpd.CommandError if we may not.
    """
    added: list[Entry] = []
    waiting = list(uris)
    while True:
        ids = [int(row["id"]) for row in client.plchangesposid(0)]
        old = [entry for entry in instead_of if entry.id in ids]
        if not (waiting or (added and (play or old))):
            return tuple(added)
        client.command_list_ok_begin()
        # At a place, though it is the end: if somebody else adds a song now, our first one is still there.
        for place, uri in enumerate(waiting, len(ids)):
            client.addid(uri, place)
        if play:
            client.playid(added[0].id) if added else client.play(len(ids))
        for entry in old:
            client.deleteid(entry.id)
        try:
            answers = client.command_list_end()
        except mpd.CommandError as error:
            if error.errno == mpd.FailureResponseCode.PERMISSION:
                raise
            done = int(error.offset)
            added += _added(client, len(ids), waiting[:done])
            if done >= len(waiting):  # its file has vanished, no sound, or somebody has removed an old one
                play = False
            elif len(client.plchangesposid(0)) >= len(ids) + done:  # else somebody has moved the end nearer
                log.warning("%s cannot be queued: %s", waiting[done], error)
                done += 1
            waiting = waiting[done:]
        else:
            added += [Entry(int(id), uri) for id, uri in zip(answers, waiting, strict=False)]  # noqa: A001
            return tuple(added)


def _added(client: mpd.MPDClient, place: int, uris: Sequence[str]) -> list[Entry]:
    """What a list has added before it ended early."""
    rows = client.playlistinfo(f"{place}:{place + len(uris)}") if uris else []
    return [Entry(int(row["id"]), uri) for row, uri in zip(rows, uris, strict=False) if row["file"] == uri]
