"""MPD's queue as plain values, and which of its entries are the box's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """A song in MPD's queue. The id is MPD's, and new each time that MPD starts."""

    id: int
    uri: str


@dataclass(frozen=True)
class Snapshot:
    """MPD at one moment. `current` is None once the queue has been played to its end.

    elapsed, duration: of the current song, in seconds; 0 if MPD does not know.
    """

    state: Literal["play", "pause", "stop"]
    queue: tuple[Entry, ...] = ()
    current: Entry | None = None
    title: str = ""
    error: str = ""
    # Time goes on: that alone is no change.
    elapsed: float = field(default=0.0, compare=False)
    duration: float = field(default=0.0, compare=False)


def still_own(own: Sequence[Entry], queue: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those entries of `queue` that are the box's, in the queue's order, while the connection lasts.

    The same song queued by somebody else has another id, and stays theirs.
    """
    return tuple(entry for entry in queue if entry in own)


def own_again(own: Sequence[Entry], queue: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same after the connection was lost: MPD may have been restarted, and then all ids are new.

    An entry whose id is gone is known by its URI then, as often as the box had queued that.
    """
    present = set(queue)
    kept = present.intersection(own)
    lost = [entry.uri for entry in own if entry not in present]
    for entry in queue:
        if entry not in kept and entry.uri in lost:
            lost.remove(entry.uri)
            kept.add(entry)
    return tuple(entry for entry in queue if entry in kept)


def ahead(own: Sequence[Entry], snapshot: Snapshot) -> tuple[Entry, ...]:
    """Those of the box's entries that come after the song that plays."""
    if snapshot.current is None:
        return ()
    behind = set(snapshot.queue[: snapshot.queue.index(snapshot.current) + 1])
    return tuple(entry for entry in own if entry not in behind)


def played_to_end(before: Snapshot, now: Snapshot) -> bool:
    """Whether MPD has stopped because no song is left, and not because somebody stopped or cleared it."""
    return now.state == "stop" and now.current is None and before.current in now.queue


def moved_on(before: Snapshot, now: Snapshot) -> bool:
    """Whether one song has followed another without a complaint: MPD says `play` of a broken song, too."""
    both_play = before.state == now.state == "play" and not before.error and not now.error
    return both_play and before.current != now.current
