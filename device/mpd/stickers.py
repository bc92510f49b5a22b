"""What MPD's clients share about songs in MPD's stickers: play counts, skip counts, likes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import mpd

from device.mpd import responses
from device.mpd.connection import Client, printable
from device.mpd.transport import ResponseError

PLAY_STICKERS = ("playCount", "lastPlayed", "skipCount", "lastSkipped")
LIKE_VALUE = "2"
LIKES = {"0": False, LIKE_VALUE: True}  # the values of the sticker `like`; 1 is neutral


def record_play(client: Client, uri: str, *, completed: bool, when: int) -> None:
    """Count one more play, or else one more skip, at `when` in seconds since the epoch.

    Nothing happens where MPD has no sticker database, or no longer has the song.
    """
    counter, moment = ("playCount", "lastPlayed") if completed else ("skipCount", "lastSkipped")
    with contextlib.suppress(mpd.CommandError):
        client.sticker_set("song", uri, counter, str(_number(client, uri, counter) + 1))
        client.sticker_set("song", uri, moment, str(when))


def delete_plays(client: Client, uri: str) -> None:
    """Delete what `record_play` has set for a song. Nothing happens to a sticker that is not there."""
    for name in PLAY_STICKERS:
        with contextlib.suppress(mpd.CommandError):
            client.sticker_delete("song", uri, name)


def like(client: Client, uri: str) -> str:
    """Like a song; returns "", or why MPD refuses."""
    try:
        client.sticker_set("song", uri, "like", LIKE_VALUE)
    except mpd.CommandError as error:
        return f"MPD refuses: {printable(str(error))}"
    return ""


def likes(client: Client) -> Mapping[str, bool]:
    """Likes (True) and dislikes (False) by URI; empty if MPD has no sticker database."""
    try:
        found = responses.stickers(client, "like")
    except mpd.CommandError:
        return {}
    return {uri: LIKES[value] for uri, value in found.items() if value in LIKES}


def _number(client: Client, uri: str, name: str) -> int:
    """The value of a counter; 0 if there is none yet, or if it is not a number."""
    try:
        value = client.sticker_get("song", uri, name)
    except mpd.CommandError:
        return 0
    with contextlib.suppress(ResponseError):
        return responses.checked("sticker get", value, responses.Number)
    return 0
