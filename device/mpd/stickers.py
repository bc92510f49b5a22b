"""What MPD's clients tell each other about songs, by MPD's stickers: plays, skips, likes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import mpd

from device.mpd import responses as answers
from device.mpd.connection import Client
from device.mpd.transport import AnswerError

LIKES = {"0": False, "2": True}  # 1 is neither


def count(client: Client, uri: str, *, heard: bool, when: int) -> None:
    """One more play, or skip, at `when` in seconds of the epoch. An MPD without stickers is left alone."""
    counter, moment = ("playCount", "lastPlayed") if heard else ("skipCount", "lastSkipped")
    with contextlib.suppress(mpd.CommandError):  # no stickers there, or the song is gone
        client.sticker_set("song", uri, counter, str(_number(client, uri, counter) + 1))
        client.sticker_set("song", uri, moment, str(when))


def likes(client: Client) -> Mapping[str, bool]:
    """What somebody likes or dislikes, by URI."""
    try:
        found = answers.stickers(client, "like")
    except mpd.CommandError:
        return {}
    return {uri: LIKES[value] for uri, value in found.items() if value in LIKES}


def _number(client: Client, uri: str, name: str) -> int:
    """0 if there is none yet, or if what is there is no number."""
    try:
        value = client.sticker_get("song", uri, name)
    except mpd.CommandError:
        return 0
    with contextlib.suppress(AnswerError):
        return answers.checked("sticker get", value, answers.Number)
    return 0
