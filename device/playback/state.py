"""What the box wants of the music, and which answers are pending: a frozen value with named transitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from device.mood import Mood
from device.mood_estimate import ChosenBy, MoodEstimate


class ControlMode(StrEnum):
    """What the box does with MPD's queue."""

    IDLE = "idle"  # nothing: no music is wanted yet, or somebody has paused or stopped the music
    CHANGING = "changing"  # it puts the songs that are wanted in place of its older ones
    FILLING = "filling"  # the songs that are wanted play, and it keeps the queue filled
    YIELDED = "yielded"  # nothing until the button is pressed: somebody else has taken over the music


@dataclass(frozen=True)
class PlaybackState:
    """The box's intent, and what is pending for it.

    Attributes:
        mode: What the box does with MPD's queue.
        estimate: What the music is to be chosen for; None before the first.
        button_pressed: The button was pressed since the box started.
        search_pending: The MPD worker was asked for the playlist, and has not posted SongsFound yet.
        change_deferred: A change was wanted while an edit of the queue was pending; it follows that edit.
        library_pending: Songs were wanted before any song was known.
        failures: Songs at the queue's end that MPD could not play, in a row.
        reports_pending: How many presses there were since MPD's state is known.
    """

    mode: ControlMode = ControlMode.IDLE
    estimate: MoodEstimate | None = None
    button_pressed: bool = False
    search_pending: bool = False
    change_deferred: bool = False
    library_pending: bool = False
    failures: int = 0
    reports_pending: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether the box's music plays or is about to: nobody has paused or stopped it, or taken it over."""
        return self.mode in (ControlMode.CHANGING, ControlMode.FILLING)

    @property
    def is_filling(self) -> bool:
        """Whether the box's songs play, and it keeps the queue filled."""
        return self.mode is ControlMode.FILLING

    @property
    def has_yielded(self) -> bool:
        """Whether another client has taken over the music."""
        return self.mode is ControlMode.YIELDED

    @property
    def replacing(self) -> bool:
        """Whether the next songs that MPD is asked to play are those that are wanted."""
        return self.mode is ControlMode.CHANGING and not self.change_deferred

    def last_estimate(self, remembered: MoodEstimate | None) -> MoodEstimate:
        """For what the music was chosen last, by this process or (`remembered`) the one before it."""
        last = self.estimate or remembered
        return last.now_by(ChosenBy.LAST) if last else MoodEstimate.certain(Mood.NEUTRAL, ChosenBy.NEUTRAL)

    def wanting(self, estimate: MoodEstimate, *, by_button: bool) -> PlaybackState:
        """Music is wanted for this estimate."""
        return replace(
            self,
            estimate=estimate,
            button_pressed=self.button_pressed or by_button,
            reports_pending=self.reports_pending + by_button,
        )

    def reported(self) -> PlaybackState:
        """MPD's state from after a press has arrived."""
        return replace(self, reports_pending=max(0, self.reports_pending - 1))

    def connected(self) -> PlaybackState:
        """The MPD worker has connected again; what it was asked before is lost."""
        return replace(self, search_pending=False, reports_pending=0)

    def steered(self) -> PlaybackState:
        """The box's song plays on, and what follows is to fit."""
        return replace(self, mode=ControlMode.FILLING)

    def change_started(self, *, edit_pending: bool) -> PlaybackState:
        """New songs are to replace the older ones; after the pending edit of the queue, if any."""
        return replace(self, mode=ControlMode.CHANGING, change_deferred=edit_pending, failures=0)

    def change_resumed(self) -> PlaybackState:
        """The edit that the change had to wait for is answered."""
        return replace(self, change_deferred=False)

    def change_completed(self) -> PlaybackState:
        """The new songs are queued and play."""
        return replace(self, mode=ControlMode.FILLING)

    def queue_ended(self, *, broken: bool) -> PlaybackState:
        """MPD has stopped at the end of the queue; broken: because it cannot play the last song."""
        return replace(self, mode=ControlMode.CHANGING, failures=self.failures + broken)

    def followed(self, *, playing: bool, advanced: bool) -> PlaybackState:
        """MPD has played on or was paused; advanced: one song has followed another without an error."""
        mode = ControlMode.FILLING if playing else ControlMode.IDLE
        return replace(self, mode=mode, failures=0 if advanced else self.failures)

    def yielded(self) -> PlaybackState:
        """Somebody else has taken over the music."""
        return replace(self, mode=ControlMode.YIELDED)

    def search_started(self) -> PlaybackState:
        """The MPD worker was asked for the playlist."""
        return replace(self, search_pending=True)

    def search_ended(self) -> PlaybackState:
        """The MPD worker has answered."""
        return replace(self, search_pending=False)

    def library_missing(self) -> PlaybackState:
        """No song is known yet: the library is still being read."""
        return replace(self, library_pending=True)

    def library_arrived(self) -> PlaybackState:
        """Songs may be known now."""
        return replace(self, library_pending=False)
