"""Whether a song was played through or skipped, from the snapshots of MPD. Pure functions.

A song counts as played through after half of it or four minutes, whichever comes first: the rule of Last.fm's
scrobbling (https://www.last.fm/api/scrobbling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from device.mpd.snapshot import Entry, Snapshot

COMPLETED_AFTER_S = 240.0  # however long the song is
SOUNDED_AFTER_S = 0.25  # MPD also reports a song that it cannot open as playing, until it goes on to the next


class PlayOutcome(StrEnum):
    """What became of a song; the value is the log's wording."""

    COMPLETED = "played through"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class PlayInProgress:
    """One of the box's songs while it plays.

    Attributes:
        duration: Seconds of the song; 0 if MPD does not know.
        played: Seconds that it had been played at the time `at`.
        at: Monotonic seconds.
        playing: It plays since `at`; else it is paused.
        skipping: MPD was asked to go on to the next song. Until it has, nothing is learned: it may be away.
        closed: The outcome is decided, and what follows says nothing about the song.
    """

    entry: Entry
    duration: float
    played: float
    at: float
    playing: bool
    skipping: bool = False
    closed: bool = False

    def until(self, now: float) -> PlayInProgress:
        """The same play at a later time."""
        return replace(self, played=self.played + (now - self.at if self.playing else 0), at=now)

    @property
    def is_complete(self) -> bool:
        """Whether enough was played to count as played through."""
        return self.played >= COMPLETED_AFTER_S or 0 < self.duration <= 2 * self.played

    @property
    def has_sounded(self) -> bool:
        """Whether somebody can have heard it, and so can have skipped it."""
        return self.played >= SOUNDED_AFTER_S


def follow(
    before: PlayInProgress | None,
    snapshot: Snapshot,
    own: Sequence[Entry],
    now: float,
    *,
    joined: bool = False,
) -> tuple[PlayInProgress | None, PlayOutcome | None]:
    """Follow a new snapshot.

    Args:
        before: The play so far.
        snapshot: The new snapshot.
        own: The box's entries; only those count.
        now: Monotonic seconds.
        joined: The box has just connected, perhaps in the middle of a song.

    Returns:
        The play from now on, and what became of the one before if that has ended.
    """
    current = snapshot.current if snapshot.state != "stop" else None
    if before and before.entry == current:
        continued = before.until(now)
        return replace(continued, playing=snapshot.state == "play", duration=snapshot.duration), None
    outcome = None
    if before and not before.closed:
        # Only if the box's next song follows was this one skipped. Somebody who stops, clears the queue, or
        # plays a song of their own has another reason.
        follows = snapshot.state == "play" and snapshot.current in own and not snapshot.error
        outcome = _outcome(before.until(now), skipped=follows)
    if current is None or current not in own:
        return None, outcome
    played = snapshot.elapsed if joined else 0.0
    return PlayInProgress(current, snapshot.duration, played, now, snapshot.state == "play"), outcome


def skip(before: PlayInProgress | None) -> PlayInProgress | None:
    """MPD is asked to go on to the next song; `follow` gives the outcome once it has."""
    return before and replace(before, skipping=True)


def interrupt(before: PlayInProgress | None, now: float) -> tuple[PlayInProgress | None, PlayOutcome | None]:
    """The box itself ends the song for another mood, which does not count as skipped.

    Returns the play, closed, and its outcome.
    """
    if before is None or before.closed:
        return before, None
    over = replace(before.until(now), skipping=False, closed=True)
    return over, _outcome(over, skipped=False)


def _outcome(play: PlayInProgress, *, skipped: bool) -> PlayOutcome | None:
    if play.is_complete:
        return PlayOutcome.COMPLETED
    skipped = (skipped or play.skipping) and play.duration > 0 and play.has_sounded
    return PlayOutcome.SKIPPED if skipped else None
