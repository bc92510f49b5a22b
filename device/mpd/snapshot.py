"""MPD's queue as plain values, and what has happened between two looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """A song in MPD's queue. The id is MPD's, and new each time that MPD starts."""

    id: int
    uri: str


class Queue(tuple[Entry, ...]):
    """MPD's queue in its order. It may be long, so the place of each entry is worked out once, at need."""

    @cached_property
    def places(self) -> Mapping[Entry, int]:
        """The place of each entry, from 0 on."""
        return {entry: place for place, entry in enumerate(self)}


@dataclass(frozen=True)
class Snapshot:
    """MPD at one moment. `current` is None once the queue has been played to its end.

    next: what MPD itself will play after `current`, whatever its modes are.
    single: it stops after each song. consume: what was played leaves the queue. random: each change of the
    queue may change what is next.
    elapsed, duration: of the current song, in seconds; 0 if MPD does not know.
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
    # Time goes on, and each change has its version: neither alone is a change.
    version: int = field(default=0, compare=False)
    elapsed: float = field(default=0.0, compare=False)
    duration: float = field(default=0.0, compare=False)

    @property
    def places(self) -> Mapping[Entry, int]:
        """The place of each entry of the queue, from 0 on."""
        return (self.queue if isinstance(self.queue, Queue) else Queue(self.queue)).places

    @property
    def is_mute(self) -> bool:
        return self.state == "pause" and self.error != ""

    def went_mute(self, before: Snapshot) -> bool:
        """Whether MPD has paused because its sound has failed, and not because somebody wanted it to.

        An error may also be of a broken song, which is passed over; who pauses later finds it there.
        """
        return self.is_mute and before.state != "pause" and before.error != self.error


def ahead(own: Sequence[Entry], snapshot: Snapshot) -> tuple[Entry, ...]:
    """Those of the box's entries that come after the song that plays."""
    if snapshot.current is None:
        return ()
    places = snapshot.places
    here = places.get(snapshot.current, -1)
    return tuple(entry for entry in own if places.get(entry, len(places)) > here)


def played_to_end(before: Snapshot, now: Snapshot) -> bool:
    """Whether MPD has stopped because no song is left, and not because somebody wanted it to."""
    one_by_one = before.single or now.single  # before: `oneshot` ends with its song; now: it was just said
    ended = now.state == "stop" and now.current is None and not one_by_one
    return ended and (before.current in now.places or _consumed(before, now))


def taken_over(before: Snapshot, now: Snapshot, own: Sequence[Entry]) -> bool:
    """Whether somebody has made the music theirs: took all the box's songs from the queue, or plays another.

    own: the box's entries before. A song of theirs that MPD comes to by itself is none that they play: it was
    next, or comes behind a broken one.
    """
    if own and not any(entry in now.places for entry in own) and not _consumed(before, now):
        return True
    theirs = now.state == "play" and now.current is not None and now.current not in own
    # With random on, a change of the queue may have made another song of it the next one.
    mixed = now.random and now.queue != before.queue and now.current in before.places
    came = now.current in (before.current, before.next) or mixed or bool(now.error)
    return theirs and not (before.state != "stop" and came)


def _consumed(before: Snapshot, now: Snapshot) -> bool:
    """Whether the song that played is all that has gone."""
    return now.consume and before.places.keys() - now.places.keys() == {before.current}


def moved_on(before: Snapshot, now: Snapshot) -> bool:
    """Whether one song has followed another without a complaint: MPD says `play` of a broken song, too."""
    both_play = before.state == now.state == "play" and not before.error and not now.error
    return both_play and before.current != now.current
