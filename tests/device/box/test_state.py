"""What the lights show is a function of the state."""

from __future__ import annotations

import pytest

from device.box.state import Activity, PressCounts, State, indication_of, with_changes
from device.mood import Decision, Mood, Outcome
from device.panel.button import Gesture
from device.panel.lights import Indication

SEEN = Decision(Outcome.MOOD, Mood.SAD, 0.9)
UNSURE = Decision(Outcome.UNSURE, confidence=0.4)
NOBODY = Decision(Outcome.NO_FACE)
TROUBLE = (("player", "not reachable"),)
OTHER = Mood.HAPPY
LOOKING, RESTING = Activity.LOOKING, Activity.RESTING


@pytest.mark.parametrize(
    ("state", "indication", "mood"),
    [
        (State(), Indication.STARTING, None),
        (State(LOOKING), Indication.LOOKING, None),
        (State(LOOKING, decision=NOBODY), Indication.NO_FACE, None),  # while it searches
        (State(LOOKING, decision=UNSURE), Indication.UNSURE, None),
        (State(LOOKING, searching=False), Indication.LOOKING, None),
        (State(RESTING, searching=False, decision=SEEN), Indication.MOOD, Mood.SAD),
        (State(RESTING, searching=False, decision=UNSURE), Indication.UNSURE, None),
        (State(RESTING, searching=False, decision=NOBODY), Indication.NO_FACE, None),
        (State(RESTING, searching=False), Indication.NO_FACE, None),  # a press in another room ended the look
        (State(RESTING, searching=False, decision=SEEN, trouble=TROUBLE), Indication.TROUBLE, Mood.SAD),
        (State(RESTING, searching=False, decision=NOBODY, trouble=TROUBLE), Indication.TROUBLE, None),
        (State(RESTING, searching=True, trouble=TROUBLE), Indication.TROUBLE, None),
        (State(LOOKING, searching=False, trouble=TROUBLE), Indication.LOOKING, None),
        (State(RESTING, searching=False, decision=SEEN, paused=True), Indication.PAUSED, Mood.SAD),
        (State(RESTING, decision=SEEN, paused=True, camera_off=True), Indication.CAMERA_OFF, None),
        (State(RESTING, by_hand=OTHER, camera_off=True), Indication.CAMERA_OFF, OTHER),
        (State(RESTING, searching=False, decision=SEEN, by_hand=OTHER), Indication.BY_HAND, OTHER),
        (State(RESTING, searching=False, by_hand=OTHER), Indication.BY_HAND, OTHER),
        (State(RESTING, decision=SEEN, by_hand=OTHER, paused=True), Indication.PAUSED, OTHER),
        (State(RESTING, decision=SEEN, by_hand=OTHER, trouble=TROUBLE), Indication.TROUBLE, OTHER),
        (State(LOOKING, searching=False, by_hand=OTHER), Indication.LOOKING, None),
        (State(RESTING, camera_off=True, trouble=TROUBLE), Indication.TROUBLE, None),
        (State(RESTING, camera_off=True, gesture=Gesture.DOWN), Indication.PRESSED, None),
        (State(RESTING, searching=False, decision=SEEN, proposed=OTHER), Indication.PROPOSED, OTHER),
        (State(RESTING, decision=SEEN, proposed=OTHER, trouble=TROUBLE), Indication.PROPOSED, OTHER),
        (State(LOOKING, searching=False, proposed=OTHER), Indication.LOOKING, None),
        (State(RESTING, searching=False, decision=SEEN, refused=True), Indication.REFUSED, None),
        (State(RESTING, searching=False, decision=UNSURE.corrected_to(Mood.SAD)), Indication.MOOD, Mood.SAD),
        (State(RESTING, decision=SEEN, gesture=Gesture.DOWN), Indication.PRESSED, None),
        (State(RESTING, decision=SEEN, gesture=Gesture.HOLD, paused=True), Indication.HELD, None),
        (State(RESTING, decision=SEEN, gesture=Gesture.LONG_HOLD), Indication.GOING_OFF, None),
        (
            State(Activity.POWERING_OFF, searching=False, decision=SEEN, trouble=TROUBLE),
            Indication.GOING_OFF,
            None,
        ),
        (
            State(Activity.STOPPING, decision=SEEN, trouble=TROUBLE, gesture=Gesture.HOLD),
            Indication.OFF,
            None,
        ),
    ],
)
def test_the_lights_are_a_function_of_the_state(
    state: State, indication: Indication, mood: Mood | None
) -> None:
    assert indication_of(state) == (indication, mood)


def test_another_decision_ends_a_proposal_and_a_mood_by_hand() -> None:
    state = State(RESTING, decision=SEEN, proposed=OTHER, by_hand=OTHER)
    kept, ended = with_changes(state, paused=True), with_changes(state, decision=None)
    assert (kept.proposed, kept.by_hand) == (OTHER, OTHER)
    assert (ended.proposed, ended.by_hand) == (None, None)


def test_presses_are_counted_and_not_what_the_button_may_still_become() -> None:
    counts = PressCounts()
    for gesture in Gesture:
        counts = counts.after(gesture)
    assert counts == PressCounts(short=1, double=1, long=1)
