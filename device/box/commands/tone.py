"""Plays a short tone, so that somebody hears whether the box can be heard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event
from time import monotonic

from device.box.commands.reply import NO_MPD, Actions, DeferredReply, Reply
from device.control import protocol
from device.mpd.tone.player import play_tone
from device.playback.controller import PlaybackController

AGAIN_S = 3.0  # until the next tone, unless this one fails; MPD does nothing else for the box meanwhile
SOMEBODY_ELSE = "somebody else's music plays on this box: you hear by it whether the sound works"
NO_VOLUME = "the volume is 0: turn it up first"
PLAYS_ALREADY = "the tone plays already"


class ToneRequest:
    """Carries out `tone`. Used by the loop's thread alone."""

    def __init__(self, playback: PlaybackController) -> None:
        self._playback = playback
        self._free_at = 0.0  # monotonic seconds
        self._failed = Event()

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {protocol.Tone: self._play}

    def _play(self, _: protocol.Tone) -> Reply | DeferredReply:
        snapshot = self._playback.snapshot
        if snapshot is None:
            return {"error": NO_MPD}
        if snapshot.state == "play" and self._playback.state.has_yielded:
            return {"error": SOMEBODY_ELSE}
        if snapshot.volume == 0:
            return {"error": NO_VOLUME}
        if monotonic() < self._free_at and not self._failed.is_set():
            return {"error": PLAYS_ALREADY}
        self._free_at, self._failed = monotonic() + AGAIN_S, Event()
        return partial(self._ask, self._failed)

    def _ask(self, failed: Event, answer: Callable[[Reply], None]) -> None:
        def done(reply: Reply) -> None:
            if "error" in reply:
                failed.set()
            answer(reply)

        self._playback.controls.ask(play_tone, done)
