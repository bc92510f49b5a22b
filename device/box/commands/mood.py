"""Music for a mood that this box has not seen: chosen by hand, or asked for by a press in another room."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from time import monotonic

from device.box.commands.reply import GOING_OFF, OK, Actions, Reply
from device.box.state import Activity, StateHolder
from device.control import protocol, room_commands
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.controller import PlaybackController

log = logging.getLogger(__name__)


class GivenMood:
    """Carries out `set-mood` and `room-look`. What was seen stays what was seen.

    Used by the loop's thread alone.
    """

    def __init__(self, state: StateHolder, playback: PlaybackController, rest: Callable[[], None]) -> None:
        """Take the parts; `rest` ends the present observation, so that it does not change the music."""
        self._state = state
        self._playback = playback
        self._rest = rest
        self._pressed = -math.inf  # the last press in another room, in monotonic seconds

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {protocol.SetMood: self._set, room_commands.RoomLook: self._follow_room}

    def _set(self, command: protocol.SetMood) -> Reply:
        if self._state.value.activity is Activity.POWERING_OFF:
            return GOING_OFF
        log.info("the music is now for %s, which was chosen by hand", command.mood)
        self._rest()
        self._state.change(by_hand=command.mood, proposed=None, searching=False)
        self._playback.play(MoodEstimate.certain(command.mood, ChosenBy.HAND))
        return OK

    def _follow_room(self, look: room_commands.RoomLook) -> Reply:
        """Answer as after a press here. The lights go on with what this box has seen itself."""
        state = self._state.value
        if state.activity is Activity.POWERING_OFF:
            return GOING_OFF
        try:
            estimate = MoodEstimate.scaled(look.probabilities, ChosenBy.ROOM) if look.probabilities else None
        except ValueError as error:
            return {"error": f"probabilities: {error}"}
        pressed = monotonic() - look.age
        # While it searches by itself, nobody has asked for what it finds.
        own = -math.inf if state.searching else state.decided
        if pressed < max(self._pressed, own):
            log.info("a press in another room came late, and counts no more")
            return OK
        self._pressed = pressed
        log.info("somebody has pressed in another room: %s", "the music follows" if estimate else "music")
        if state.searching:
            self._rest()
        self._state.change(by_hand=None, proposed=None, searching=False)
        if estimate is None:
            self._playback.go_on()
        elif look.steer:
            self._playback.steer(estimate)
        else:
            self._playback.play(estimate)
        return OK
