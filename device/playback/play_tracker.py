"""Whether a song was heard or skipped, from what MPD shows of its playing. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from device.mpd.snapshot import Entry, Snapshot

LONG = 240.0  # seconds after which a song was heard, however long it is


class PlayOutcome(StrEnum):
    HEARD = "heard"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class PlayInProgress:
    """One of the box's songs while it plays.

    heard: seconds that it has played until `at`. over: what comes now says nothing about the song.
    """

    entry: Entry
    duration: float
    heard: float
    at: float
    plays: bool
    over: bool = False

    def until(self, now: float) -> PlayInProgress:
        return replace(self, heard=self.heard + (now - self.at if self.plays else 0), at=now)

    @property
    def enough(self) -> bool:
        return self.heard >= LONG or 0 < self.duration <= 2 * self.heard


def follow(
    before: PlayInProgress | None,
    snapshot: Snapshot,
    own: Sequence[Entry],
    now: float,
    *,
    joined: bool = False,
) -> tuple[PlayInProgress | None, PlayOutcome | None]:
    """The listening after a snapshot, and what became of the song before if that has ended.

    own: the box's entries, only those count. joined: the box comes to a song that plays already.
    """
    current = snapshot.current if snapshot.state != "stop" else None
    if before and before.entry == current:
        going_on = before.until(now)
        return replace(going_on, plays=snapshot.state == "play", duration=snapshot.duration), None
    outcome = None
    if before and not before.over:
        # Only where the box's next song follows was this one skipped: who stops, clears, or picks a song of
        # their own has another reason.
        follows = snapshot.state == "play" and snapshot.current in own and not snapshot.error
        outcome = _outcome(before.until(now), skipped=follows)
    if current is None or current not in own:
        return None, outcome
    heard = snapshot.elapsed if joined else 0.0
    return PlayInProgress(current, snapshot.duration, heard, now, snapshot.state == "play"), outcome


def break_off(
    before: PlayInProgress | None, now: float, *, skipped: bool = False
) -> tuple[PlayInProgress | None, PlayOutcome | None]:
    """The box itself ends the song: skipped by its button, or since the mood has changed, which says nothing
    against the song."""
    if before is None or before.over:
        return before, None
    return replace(before, over=True), _outcome(before.until(now), skipped=skipped)


def _outcome(listening: PlayInProgress, *, skipped: bool) -> PlayOutcome | None:
    if listening.enough:
        return PlayOutcome.HEARD
    return PlayOutcome.SKIPPED if skipped and listening.duration else None
