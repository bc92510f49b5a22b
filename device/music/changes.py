"""Changes of MPD's queue: each is one list of commands, between which MPD lets nothing happen.

MPD begins with a list when it has its end. So whoever is killed on the way has changed all or nothing. But a
list ends at a command that fails, and what was done before stays done.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import mpd

from device.music import answers
from device.music.link import shown
from device.music.mirror import Mirror
from device.music.queue import Entry
from device.music.wire import AnswerError

log = logging.getLogger(__name__)

SPARE_ROUNDS = 5  # others may change the queue between a look at it and a list of commands


def put(mirror: Mirror, uris: Sequence[str], instead_of: Sequence[Entry], *, play: bool) -> tuple[Entry, ...]:
    """Adds songs at the queue's end, plays the first of them if asked, then removes `instead_of`.

    Songs that MPD does not take are left out; if it takes none, nothing is played or removed.
    Returns what was added. Raises mpd.CommandError if we may not, or if the queue is full.
    """
    client = mirror.client
    added: list[Entry] = []
    waiting = list(uris)
    for _ in range(len(uris) + len(instead_of) + SPARE_ROUNDS):  # each song may cost one
        now = mirror.look()
        end = len(now.queue)
        old = [entry for entry in instead_of if entry in now.places]
        if not (waiting or (added and (play or old))):
            return tuple(added)
        client.command_list_ok_begin()
        # At a place, though it is the end: if somebody else adds a song now, our first one is still there.
        for place, uri in enumerate(waiting, end):
            client.addid(uri, place)
        if play:
            client.playid(added[0].id) if added else client.play(end)
        for entry in old:
            client.deleteid(entry.id)
        try:
            found = client.command_list_end()
        except mpd.CommandError as error:
            if error.errno == mpd.FailureResponseCode.PERMISSION:
                raise
            done = _done(error)
            added += _added(mirror, end, waiting[:done])
            if error.errno == mpd.FailureResponseCode.PLAYLIST_MAX:
                if not added:
                    raise
                waiting = []
            elif done >= len(waiting):  # its file has vanished, no sound, or somebody has removed an old one
                play = False
            elif answers.status(client).playlistlength >= end + done:  # else somebody moved the end nearer
                log.warning("%s cannot be queued: %s", waiting[done], shown(str(error)))
                done += 1
            waiting = waiting[done:]
        else:
            ids = answers.ids(found[: len(waiting)])
            added += [Entry(id_, uri) for id_, uri in zip(ids, waiting, strict=True)]
            return tuple(added)
    raise AnswerError("it refuses a list of commands again and again")


def _done(error: mpd.CommandError) -> int:
    """How many commands of a list MPD has done before the one that it refuses."""
    if error.offset is None:
        raise AnswerError(f"it refuses in words of its own: {error}") from error
    return int(error.offset)


def _added(mirror: Mirror, place: int, uris: Sequence[str]) -> list[Entry]:
    """What a list has added before it ended early."""
    rows = answers.queued(mirror.client, place, place + len(uris)) if uris else []
    return [Entry(row.id, uri) for row, uri in zip(rows, uris, strict=False) if row.file == uri]
