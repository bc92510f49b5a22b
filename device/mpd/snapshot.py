"""MPD's state as plain values, and what has happened between two snapshots of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """A song in MPD's queue. MPD gives each a new id whenever it starts."""

    id: int
    uri: str


class Queue(tuple[Entry, ...]):
    """MPD's queue in its order. It may be long, so positions are computed once, on first use."""

    @cached_property
    def positions(self) -> Mapping[Entry, int]:
        """The position of each entry, from 0."""
        return {entry: position for position, entry in enumerate(self)}


@dataclass(frozen=True)
class Snapshot:
    """MPD's state at one moment.

    Attributes:
        current: The song that plays or is paused; None once the queue has been played to its end.
        next: What MPD itself will play after `current`, with its modes taken into account.
        single: MPD stops after each song.
        consume: Songs leave the queue once they have been played.
        random: MPD plays in random order; each edit of the queue may change `next`.
        volume: In percent; None where MPD has no mixer.
        version: Number of the queue's last edit.
        elapsed: Seconds of the current song that have been played; 0 if MPD does not know.
        duration: Seconds of the current song; 0 if MPD does not know.
    """

    state: Literal["play", "pause", "stop"]
    queue: tuple[Entry, ...] = ()
    current: Entry | None = None
    title: str = ""
    error: str = ""
    next: Entry | None = None
    single: bool = False
    consume: bool = False
    random: bool = False
    volume: int | None = None
    # Not compared: time passes without a change, and edits that leave the queue as it was have a new version.
    version: int = field(default=0, compare=False)
    elapsed: float = field(default=0.0, compare=False)
    duration: float = field(default=0.0, compare=False)

    @property
    def positions(self) -> Mapping[Entry, int]:
        """The position of each entry in the queue, from 0."""
        return (self.queue if isinstance(self.queue, Queue) else Queue(self.queue)).positions

    @property
    def is_paused_by_error(self) -> bool:
        """Whether MPD is paused and reports an error."""
        return self.state == "pause" and self.error != ""

    def output_failed_since(self, before: Snapshot) -> bool:
        """Whether MPD has paused because its output has failed, and not because somebody paused it.

        An error may also be that of a broken song, which MPD skips; it is still reported when somebody pauses
        later.
        """
        return self.is_paused_by_error and before.state != "pause" and before.error != self.error


def upcoming(own: Sequence[Entry], snapshot: Snapshot) -> tuple[Entry, ...]:
    """Those of the box's entries that come after the current song."""
    if snapshot.current is None:
        return ()
    positions = snapshot.positions
    here = positions.get(snapshot.current, -1)
    return tuple(entry for entry in own if positions.get(entry, len(positions)) > here)


def played_to_end(before: Snapshot, now: Snapshot) -> bool:
    """Whether MPD has stopped because the queue is over, and not because somebody stopped it."""
    # `before`: with "single oneshot", the mode ends with its song. `now`: it was set during the last song.
    single = before.single or now.single
    ended = now.state == "stop" and now.current is None and not single
    return ended and (before.current in now.positions or _consumed(before, now))


def taken_over(before: Snapshot, now: Snapshot, own: Sequence[Entry]) -> bool:
    """Whether somebody has taken over: all the box's songs have left the queue, or another song was started.

    A song of somebody else that MPD reaches by itself does not count: it was next, or follows a broken song.

    Args:
        before: The last snapshot.
        now: The one after it.
        own: The box's entries at the time of `before`.
    """
    if own and not any(entry in now.positions for entry in own) and not _consumed(before, now):
        return True
    plays_other = now.state == "play" and now.current is not None and now.current not in own
    # In random order, an edit of the queue may have made another of its songs the next one.
    reshuffled = now.random and now.queue != before.queue and now.current in before.positions
    reached = now.current in (before.current, before.next) or reshuffled or bool(now.error)
    return plays_other and not (before.state != "stop" and reached)


def _consumed(before: Snapshot, now: Snapshot) -> bool:
    """Whether the song that played is all that has left the queue."""
    return now.consume and before.positions.keys() - now.positions.keys() == {before.current}


def advanced(before: Snapshot, now: Snapshot) -> bool:
    """Whether one song has followed another without an error: MPD reports `play` for a broken song, too."""
    both_play = before.state == now.state == "play" and not before.error and not now.error
    return both_play and before.current != now.current
