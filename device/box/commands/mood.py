"""A mood by hand: music for it, until the next press."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.box.commands.reply import GOING_OFF, OK, Actions, Reply
from device.box.state import Activity, StateHolder
from device.control import protocol
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.controller import PlaybackController

log = logging.getLogger(__name__)


class MoodByHand:
    """Carries out `set-mood`. What was seen stays what was seen. Used by the loop's thread alone."""

    def __init__(self, state: StateHolder, playback: PlaybackController, rest: Callable[[], None]) -> None:
        """Take the parts; `rest` ends the present observation, so that it does not change the music."""
        self._state = state
        self._playback = playback
        self._rest = rest

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {protocol.SetMood: self._set}

    def _set(self, command: protocol.SetMood) -> Reply:
        if self._state.value.activity is Activity.POWERING_OFF:
            return GOING_OFF
        log.info("the music is now for %s, which was chosen by hand", command.mood)
        self._rest()
        self._state.change(by_hand=command.mood, proposed=None, searching=False)
        self._playback.play(MoodEstimate.certain(command.mood, ChosenBy.HAND))
        return OK
