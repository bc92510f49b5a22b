"""What somebody's word on the last look changes: lights, music, and what the box has learned."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.box.commands.reply import GOING_OFF, OK, Actions, Reply
from device.box.state import Activity, StateHolder
from device.control import protocol
from device.mood import Decision, Mood
from device.mood_bias import NO_BIAS
from device.mood_estimate import ChosenBy, MoodEstimate
from device.playback.controller import PlaybackController
from device.playback.guarded_memory import GuardedMemory

log = logging.getLogger(__name__)

NOT_KEPT = "the music plays for it, but the box cannot learn from it: `moodbox status` says why"


class CorrectionError(Exception):
    """There is nothing to correct; the message says why."""


class Corrector:
    """Corrects the last look. The same look can be corrected again: the last word counts, and only that."""

    def __init__(
        self,
        state: StateHolder,
        memory: GuardedMemory,
        playback: PlaybackController,
        rest: Callable[[], None],
    ) -> None:
        """Take the parts; `rest` ends the observations of a box that still searches for somebody."""
        self._state = state
        self._memory = memory
        self._playback = playback
        self._rest = rest
        self._seen: Decision | None = None  # what the look that was corrected last had decided itself
        self._bias_before = NO_BIAS  # before that correction
        self._bias_after = NO_BIAS

    def look(self) -> Decision:
        """Return what the last look decided, or was corrected to.

        Raises:
            CorrectionError: There was none, or it saw no face; or the machine is switching itself off.
        """
        state = self._state.value
        if state.activity is Activity.POWERING_OFF:
            raise CorrectionError(GOING_OFF["error"])
        if state.decision is None:
            if state.activity is Activity.LOOKING:
                raise CorrectionError("the box is looking: wait until it has decided")
            if state.camera_off:
                raise CorrectionError("there was no look, because the camera is off: moodbox camera on")
            raise CorrectionError("there was no look yet: press the button")
        if not state.decision.probabilities:
            raise CorrectionError("the last look saw no face: there is nothing to correct")
        return state.decision

    def correct(self, mood: Mood) -> bool:
        """Take it that this mood was right: play for it, show it, and learn from it.

        Where the look said so itself, there is nothing to learn; but it ends a mood by hand.

        Returns:
            Whether what was learned could be kept.

        Raises:
            CorrectionError: See `look`; or the mood is not one of the model's.
        """
        decision = self.look()
        known = decision.probabilities or {}
        if mood not in known:
            raise CorrectionError(f"the model does not tell {mood}; it tells {', '.join(known)}")
        is_new = mood is not decision.mood
        if not is_new and self._plays_for(mood):
            return True
        if is_new:
            learned = self._learn(decision, mood)
        else:
            log.info("the last look was right: the music is for %s again", mood)
            learned = True
        searching = self._state.value.searching
        self._state.change(decision=decision.corrected_to(mood) if is_new else decision, searching=False)
        if searching:
            self._rest()
        self._playback.play(MoodEstimate.certain(mood, ChosenBy.CORRECTION))
        return learned

    def _plays_for(self, mood: Mood) -> bool:
        """Whether nobody has chosen another mood's music since the look: by hand, or in another room."""
        chosen_for = self._playback.state.estimate
        return self._state.value.by_hand is None and (chosen_for is None or chosen_for.mood is mood)

    def _learn(self, decision: Decision, mood: Mood) -> bool:
        stored = self._memory.mood_bias()
        if self._seen is None or not decision.corrected:
            self._seen = decision
        if not decision.corrected or stored != self._bias_after:  # it may have been forgotten since
            self._bias_before = stored
        seen, probabilities = self._seen, self._seen.probabilities or {}
        # Whoever returns to what the box saw has corrected it by mistake.
        bias = self._bias_before if mood is seen.mood else self._bias_before.corrected(probabilities, mood)
        kept = self._memory.keep(lambda memory: memory.keep_mood_bias(bias))
        self._bias_after = bias
        log.info("the last look is corrected: it was %s", mood, extra={"MOODBOX_CORRECTION": str(mood)})
        return kept

    @property
    def actions(self) -> Actions:
        """What the requests do."""
        return {protocol.Was: self._was}

    def _was(self, command: protocol.Was) -> Reply:
        mood = command.mood
        try:
            look = self.look()
            if look.mood is mood and self._plays_for(mood):
                said = "was corrected to" if look.corrected else "says"
                return OK | {
                    "note": f"the last look {said} {mood} already, and the music is for it: nothing changes"
                }
            learned = self.correct(mood)
        except CorrectionError as problem:
            return {"error": str(problem)}
        return OK if learned else {"error": NOT_KEPT}
