"""What the owner thinks of the song that plays: like it, or never choose it again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.box.commands.reply import NO_MPD, OK, Actions, DeferredReply, Reply
from device.control import protocol
from device.mpd.snapshot import Entry
from device.mpd.titles import is_stream
from device.playback.controller import PlaybackController
from device.playback.guarded_memory import GuardedMemory

log = logging.getLogger(__name__)

NO_SONG = "no song plays that you could like or leave out"
NOT_IN_LIBRARY = "a stream cannot be liked: MPD keeps likes for the songs of its library alone"
NOT_KEPT = "the song is skipped, but the box cannot remember to leave it out: `moodbox status` says why"


class SongOpinions:
    """Carries out `like` and `never`. Used by the loop's thread alone."""

    def __init__(self, playback: PlaybackController, memory: GuardedMemory) -> None:
        self._playback = playback
        self._memory = memory

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {protocol.Like: self._like, protocol.Never: self._never}

    def _like(self, _: protocol.Like) -> Reply | DeferredReply:
        """Set MPD's sticker `like`, as other clients do; MPD's answer follows."""
        current, song = self._current, self._name
        if current is None:
            return self._no_song
        if is_stream(current.uri):
            return {"error": NOT_IN_LIBRARY}

        def reply_later(put: Callable[[Reply], None]) -> None:
            self._playback.controls.like(
                current.uri, lambda problem: put({"error": problem} if problem else self._liked(song))
            )

        return reply_later

    def _never(self, _: protocol.Never) -> Reply:
        """Exclude the song from every choice of the box, and skip it."""
        current, song = self._current, self._name
        if current is None:
            return self._no_song
        kept = self._memory.keep(lambda memory: memory.exclude(current.uri))
        self._playback.skip()
        if not kept:
            return {"error": NOT_KEPT}
        log.info("never again: %s", song, extra={"MOODBOX_NEVER": current.uri})
        return OK | {"song": song, "uri": current.uri}

    @staticmethod
    def _liked(song: str) -> Reply:
        log.info("liked: %s", song)
        return OK | {"song": song}

    @property
    def _name(self) -> str:
        """What people call that song."""
        return self._playback.snapshot.title if self._playback.snapshot else ""

    @property
    def _current(self) -> Entry | None:
        """The song that plays or is paused."""
        snapshot = self._playback.snapshot
        return snapshot.current if snapshot and snapshot.state != "stop" else None

    @property
    def _no_song(self) -> Reply:
        return {"error": NO_MPD if self._playback.snapshot is None else NO_SONG}
