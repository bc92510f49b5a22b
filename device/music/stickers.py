"""What MPD's clients tell each other about songs, by MPD's stickers: plays, skips, likes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import mpd

SLOW = 10.0  # seconds: MPD waits for its disk at each sticker, and that is no MPD that hangs
LIKES = {"0": False, "2": True}  # 1 is neither


def count(client: mpd.MPDClient, uri: str, *, heard: bool, when: int) -> None:
    """One more play, or skip, at `when` in seconds of the epoch. An MPD without stickers is left alone."""
    counter, moment = ("playCount", "lastPlayed") if heard else ("skipCount", "lastSkipped")
    timeout, client.timeout = client.timeout, SLOW
    with contextlib.suppress(mpd.CommandError):  # no stickers there, or the song is gone
        client.sticker_set("song", uri, counter, str(_number(client, uri, counter) + 1))
        client.sticker_set("song", uri, moment, str(when))
    client.timeout = timeout


def likes(client: mpd.MPDClient) -> Mapping[str, bool]:
    """What somebody likes or dislikes, by URI."""
    try:
        rows = client.sticker_find("song", "", "like")
        found = {row["file"]: row.get("sticker", "").partition("=")[2] for row in rows}
    except mpd.CommandError:
        return {}
    return {uri: LIKES[value] for uri, value in found.items() if value in LIKES}


def _number(client: mpd.MPDClient, uri: str, name: str) -> int:
    """0 if there is none yet, or if what is there is no number."""
    try:
        return int(client.sticker_get("song", uri, name))
    except (mpd.CommandError, ValueError):
        return 0
