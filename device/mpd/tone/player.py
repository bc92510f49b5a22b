"""Plays the test tone through MPD, and leaves queue and music as they were.

The tone is an entry at the queue's end for two seconds. MPD plays a file outside of its library for a client
on its Unix socket, if everybody may read that file.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import mpd

from device.mpd import responses
from device.mpd.connection import Client, printable
from device.mpd.queue_mirror import InitialState, QueueMirror
from device.mpd.snapshot import Snapshot
from device.mpd.tone.outputs import why_unheard

log = logging.getLogger(__name__)

FILE = Path(__file__).with_name("tone.ogg")
SOUND_S = 2.2  # the notes, and what MPD's output may still hold of them in its buffer
START_TIMEOUT_S = 5.0  # until MPD's output is open; a Bluetooth speaker may be slow
POLL_INTERVAL_S = 0.1
ONLY_LOCAL = "it plays the tone only where the box reaches it over a Unix socket on the same machine"
NOT_BEGUN = "MPD has not begun to play the tone: `moodbox check` and MPD's log say why"


def play_tone(mirror: QueueMirror) -> dict[str, Any]:
    """Play the tone, then go on where MPD was: playing, paused or stopped, in the same song.

    It takes about two seconds. If somebody plays something else meanwhile, that plays on.

    Returns:
        Nothing, or `error`: why the tone could not be heard.

    Raises:
        mpd.CommandError: MPD refuses.
        Other MPD_ERRORS: MPD does not answer.
    """
    client, before = mirror.client, mirror.refresh()
    if unheard := why_unheard(client):
        return {"error": unheard.reason}
    try:
        id_ = responses.added_id(client.addid(f"file://{FILE}"))
    except mpd.CommandError as error:
        reason = f"MPD refuses the tone ({printable(str(error))})"
        is_remote = error.errno == mpd.FailureResponseCode.PERMISSION
        return {"error": f"{reason}: {ONLY_LOCAL} (music.address)" if is_remote else reason}
    problem = _play(client, id_)
    _restore(client, before, id_)
    return {"error": problem} if problem else {"ok": True}


def without_tone(initial: InitialState) -> InitialState:
    """Remove a tone that was left in the queue, because the box or its connection had ended meanwhile."""
    left = [entry for entry in initial.snapshot.queue if entry.uri.removeprefix("file://") == str(FILE)]
    for entry in left:
        with contextlib.suppress(mpd.CommandError):
            initial.mirror.client.deleteid(entry.id)
    return replace(initial, snapshot=initial.mirror.refresh()) if left else initial


def _play(client: Client, id_: int) -> str:
    """Play the tone to its end; returns why it was not heard, or ""."""
    try:
        client.playid(id_)
    except mpd.CommandError as error:  # MPD knows already that its output does not open
        return f"MPD says: {printable(str(error))}"
    return _wait_until_heard(client, id_)


def _wait_until_heard(client: Client, id_: int) -> str:
    """Wait until the tone was played, or is no longer what plays; returns why it was not heard, or ""."""
    end = monotonic() + START_TIMEOUT_S + SOUND_S
    while monotonic() < end:
        now = responses.status(client)
        if now.error:
            return f"MPD says: {printable(now.error)}"
        if now.songid != id_ or now.state != "play" or now.elapsed >= SOUND_S:
            return ""
        sleep(POLL_INTERVAL_S)
    return NOT_BEGUN


def _go_on(client: Client, before: Snapshot, *, seek: bool) -> bool:
    """Bring back the song and the state; whether MPD has done so."""
    client.command_list_ok_begin()
    if before.current and seek:
        client.seekid(before.current.id, f"{before.elapsed:.3f}")
    elif before.current:
        client.playid(before.current.id)
    if before.state == "pause":
        client.pause(1)
    elif before.state == "stop":
        client.stop()
    try:
        client.command_list_end()
    except mpd.CommandError as error:  # the song may have left the queue meanwhile
        log.debug("after the tone: %s", printable(str(error)))
        return False
    return True


def _restore(client: Client, before: Snapshot, id_: int) -> None:
    if responses.status(client).songid in (id_, None):  # else somebody else plays something
        at_its_place = before.duration > 0 and before.state != "stop"
        if not (at_its_place and _go_on(client, before, seek=True)):
            _go_on(client, before, seek=False)  # a stream has no places to go to
    with contextlib.suppress(mpd.CommandError):
        client.deleteid(id_)
    if not before.error:
        client.clearerror()
