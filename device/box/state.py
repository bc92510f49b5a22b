"""The box's state as one frozen value, what the lights show in it, and which activity may follow which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from device.mood import Decision, Mood
from device.panel.button import Gesture
from device.panel.lights import Indication

if TYPE_CHECKING:
    from device.timers.state import Timers


class Activity(StrEnum):
    """What the box does."""

    STARTING = "starting"
    LOOKING = "looking"
    RESTING = "resting"
    POWERING_OFF = "powering_off"  # the machine was asked to switch itself off
    STOPPING = "stopping"


ALLOWED_NEXT = {
    Activity.STOPPING: frozenset({Activity.STOPPING}),
    # Either switching off is refused, and the box rests; or the machine goes off, and the box stops.
    Activity.POWERING_OFF: frozenset({Activity.POWERING_OFF, Activity.RESTING, Activity.STOPPING}),
}
"""Activities that only some others may follow; any may follow the rest."""


@dataclass(frozen=True)
class PressCounts:
    """How often the button was pressed since the box started. By these a client learns of each press.

    Attributes:
        short: Single presses.
        double: Double presses.
        long: Holds that pause or resume the music.
    """

    short: int = 0
    double: int = 0
    long: int = 0

    def after(self, gesture: Gesture) -> PressCounts:
        """Count a gesture, if it is one of these."""
        match gesture:
            case Gesture.SINGLE_PRESS:
                return replace(self, short=self.short + 1)
            case Gesture.DOUBLE_PRESS:
                return replace(self, double=self.double + 1)
            case Gesture.HOLD_RELEASED:
                return replace(self, long=self.long + 1)
        return self


@dataclass(frozen=True)
class State:
    """All that the lights, `moodbox status` and the box's rules depend on.

    Attributes:
        activity: What the box does.
        searching: The box has just started, and observes until there is music.
        decision: The result of the last observation.
        decided: When it was made, in monotonic seconds.
        by_hand: The mood that somebody has chosen since that.
        proposed: The mood that will count in place of the decision's if nobody presses on.
        refused: The last press of the button *correct* had nothing to correct.
        gesture: What the button's present hold means; None while the button is up.
        presses: How often the button was pressed.
        paused: MPD is paused.
        camera_off: The owner has switched the camera off.
        asked: Somebody is asked to press the button, as a yes.
        watched: Somebody watches through the camera.
        furniture: How many faces in view are known to be furniture.
        timers: The sleep timer and the wake time; None until one is set.
        trouble: The problem of each part that has one, by the part's name.
        shown: What the lights show; it follows `indication_of` at the end of each turn of the loop.
        shown_since: When that last changed.
        exit_code: The process's exit code, once the activity is STOPPING.
    """

    activity: Activity = Activity.STARTING
    searching: bool = True
    decision: Decision | None = None
    decided: float = 0.0
    by_hand: Mood | None = None
    proposed: Mood | None = None
    refused: bool = False
    gesture: Gesture | None = None
    presses: PressCounts = PressCounts()
    paused: bool = False
    camera_off: bool = False
    asked: bool = False
    watched: bool = False
    furniture: int = 0
    timers: Timers | None = None
    trouble: tuple[tuple[str, str], ...] = ()
    shown: tuple[Indication, Mood | None] = (Indication.STARTING, None)
    shown_since: datetime = field(default_factory=lambda: datetime.now(UTC))
    exit_code: int = 0

    @property
    def mood(self) -> Mood | None:
        """The mood of the last observation, if it named one."""
        return self.decision.mood if self.decision else None

    @property
    def camera(self) -> str:
        """How the camera is switched: "on" or "off"."""
        return "off" if self.camera_off else "on"


def indication_of(state: State) -> tuple[Indication, Mood | None]:
    """Return what the lights have to show, and in which mood's light (None: in all)."""
    decision = state.decision
    nobody_yet = state.searching and decision is not None
    match state:
        case State(activity=Activity.STOPPING):
            return Indication.OFF, None
        case State(gesture=Gesture.LONG_HOLD) | State(activity=Activity.POWERING_OFF, gesture=None):
            return Indication.GOING_OFF, None
        case State(gesture=Gesture.HOLD):
            return Indication.HELD, None
        case State(gesture=Gesture.DOWN):
            return Indication.PRESSED, None
        case State(asked=True):
            return Indication.CONSENT, None
        case State(watched=True):
            return Indication.WATCHED, None
        case State(activity=Activity.STARTING):
            return Indication.STARTING, None
        case State(activity=Activity.LOOKING) if not nobody_yet:
            return Indication.LOOKING, None
        case State(refused=True):
            return Indication.REFUSED, None
        case State(proposed=Mood() as proposed):
            return Indication.PROPOSED, proposed
    mood = state.by_hand or state.mood
    if state.trouble:
        return Indication.TROUBLE, mood
    if state.camera_off:  # also while paused: that is heard, and this is not
        return Indication.CAMERA_OFF, state.by_hand
    if state.paused:
        return Indication.PAUSED, mood
    if state.by_hand:
        return Indication.BY_HAND, mood
    if decision is None:  # a look that a press in another room has cut short leaves none
        return Indication.STARTING if state.searching else Indication.NO_FACE, None
    return Indication(decision.outcome), mood


def with_changes(state: State, **changes: Any) -> State:
    """Return the state after these changes, without the change to an activity that may not come next.

    A proposal is about a decision, and a mood by hand lasts until the next one: another decision ends both.
    """
    if "decision" in changes:
        changes = {"proposed": None, "by_hand": None} | changes
    activity = changes.get("activity", state.activity)
    if activity not in ALLOWED_NEXT.get(state.activity, Activity):
        changes["activity"] = state.activity
    return replace(state, **changes)


class StateHolder:
    """Holds the present state. Only the loop's thread changes it; any thread may read it."""

    def __init__(self, state: State) -> None:
        self.value = state

    def change(self, **changes: Any) -> None:
        """Replace the state by `with_changes`."""
        self.value = with_changes(self.value, **changes)
