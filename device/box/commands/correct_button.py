"""The button *correct*: each press proposes the next mood for the last look; the last one counts."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

from device.box.commands.correction import CorrectionError, Corrector
from device.box.loop import Loop
from device.box.state import StateHolder
from device.mood import Decision, Mood

log = logging.getLogger(__name__)

WINDOW_S = 10.0  # after a look; a press later than that is no answer to it
REST_S = 1.5  # without a press, until the proposed mood counts
REFUSED_S = 0.3  # the lights are out


class CorrectButton:
    """Goes through the moods of the last look, the likeliest first. Used by the loop's thread alone."""

    def __init__(self, loop: Loop[Any], state: StateHolder, corrector: Corrector) -> None:
        self._loop = loop
        self._state = state
        self._corrector = corrector

    def press(self) -> None:
        """Propose the next mood; or let the lights go out for a moment if there is nothing to correct."""
        try:
            decision = self._corrector.look()
        except CorrectionError as problem:
            self._refuse(str(problem))
            return
        state = self._state.value
        ends = state.decided + WINDOW_S
        if monotonic() >= ends:
            self._refuse(f"the last look was more than {WINDOW_S:g} s ago: use `moodbox was MOOD`")
            return
        self._state.change(proposed=_next_mood(decision, state.proposed or decision.mood))
        self._loop.schedule(self._take, min(monotonic() + REST_S, ends))

    def _take(self) -> None:
        mood = self._state.value.proposed
        self._state.change(proposed=None)
        if mood:  # else there was another look
            self._corrector.correct(mood)

    def _refuse(self, problem: str) -> None:
        log.info("the button correct was pressed, but %s", problem)
        self._state.change(refused=True)
        self._loop.schedule_in(self._refused, REFUSED_S)

    def _refused(self) -> None:
        self._state.change(refused=False)


def _next_mood(decision: Decision, mood: Mood | None) -> Mood:
    """Return the next likely mood after `mood`; the likeliest after the last one, and after None."""
    probabilities = decision.probabilities or {}
    moods = sorted(probabilities, key=lambda each: -probabilities[each])
    return moods[(moods.index(mood) + 1) % len(moods)] if mood else moods[0]
