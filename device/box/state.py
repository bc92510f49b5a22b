"""All that the lights and `moodbox status` depend on, as one frozen value, and what may follow upon it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from device.mood import Decision, Mood
from device.panel.button import Gesture
from device.panel.lights import Indication


class Activity(StrEnum):
    STARTING = "starting"
    LOOKING = "looking"
    RESTING = "resting"
    LEAVING = "leaving"  # the machine was asked to switch itself off
    STOPPING = "stopping"


MAY_FOLLOW = {
    Activity.STOPPING: frozenset({Activity.STOPPING}),
    # Switching off is refused, and the box rests; or the machine goes off, and the box stops.
    Activity.LEAVING: frozenset({Activity.LEAVING, Activity.RESTING, Activity.STOPPING}),
}
"""Where the box does not go on to whatever it is told."""


@dataclass(frozen=True)
class State:
    """All that the lights and `moodbox status` depend on.

    searching: the box has just started, and looks until it can name a mood.
    """

    activity: Activity = Activity.STARTING
    searching: bool = True
    decision: Decision | None = None
    gesture: Gesture | None = None
    paused: bool = False
    trouble: tuple[tuple[str, str], ...] = ()

    @property
    def mood(self) -> Mood | None:
        return self.decision.mood if self.decision else None


def indication_of(state: State) -> tuple[Indication, Mood | None]:
    """What the lights show, and in which mood's light (None: in all)."""
    decision = state.decision
    waiting = state.searching and decision is not None
    match state:
        case State(activity=Activity.STOPPING):
            return Indication.OFF, None
        case State(gesture=Gesture.LONG_HOLD) | State(activity=Activity.LEAVING, gesture=None):
            return Indication.GOING_OFF, None
        case State(gesture=Gesture.HOLD):
            return Indication.HELD, None
        case State(gesture=Gesture.DOWN):
            return Indication.PRESSED, None
        case State(activity=Activity.STARTING):
            return Indication.STARTING, None
        case State(activity=Activity.LOOKING) if not waiting:
            return Indication.LOOKING, None
    if state.trouble:
        return Indication.TROUBLE, state.mood
    if state.paused:
        return Indication.PAUSED, state.mood
    if decision is None:
        return Indication.STARTING, None
    return Indication(decision.outcome), state.mood


def changed(state: State, **changes: Any) -> State:
    """The state after these changes; an activity that may not follow upon the present one is left out."""
    activity = changes.get("activity", state.activity)
    if activity not in MAY_FOLLOW.get(state.activity, Activity):
        changes["activity"] = state.activity
    return replace(state, **changes)
