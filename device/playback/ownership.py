"""Which entries of MPD's queue are the box's own: nobody else's is ever removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from device.mood import Mood
from device.mpd.snapshot import Entry, Snapshot

SAME_START = 1.5  # seconds between two answers on when MPD was started: it tells whole seconds


@dataclass(frozen=True)
class QueueOwnership:
    """What the box knows of its own entries, at every moment: it may be killed at any.

    moods: in which mood each was queued, by URI.
    asked: the URIs that MPD was asked to queue, and has not confirmed yet. Their ids will be above `above`.
    started, version: when that MPD was started, in seconds of the epoch, and the least version that its queue
    has now. If either does not fit, MPD was started again, and all ids are new.
    """

    entries: tuple[Entry, ...] = ()
    moods: Mapping[str, Mood] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    above: int = 0
    started: float = 0.0
    version: int = 0

    def asking(self, mood: Mood, uris: Sequence[str], now: Snapshot) -> QueueOwnership:
        above = max((entry.id for entry in now.queue), default=0)
        moods = {**self.moods, **dict.fromkeys(uris, mood)}
        return replace(self, asked=tuple(uris), above=above, moods=moods, version=now.version)

    def answered(self, entries: Sequence[Entry]) -> QueueOwnership:
        """What MPD has queued of what it was asked for."""
        return self._of((*self.entries, *entries))

    def among(self, now: Snapshot) -> QueueOwnership:
        """What is left of it in MPD's queue, in the queue's order, while the connection lasts.

        The same song queued by somebody else has another id, and stays theirs.
        """
        kept = _in_order(self.entries, now)
        return self if kept == self.entries else self._of(kept, self.asked, now.version)

    def found_again(self, now: Snapshot, started: float) -> QueueOwnership:
        """The same over a connection that is new."""
        if abs(started - self.started) <= SAME_START and now.version >= self.version:
            new = [entry for entry in now.queue if entry.id > self.above]
            kept = _in_order({*self.entries, *_together(self.asked, new)}, now)
        else:
            kept = _in_order(_by_uri(self.entries, now.queue), now)
        return replace(self._of(kept, version=now.version), started=started)

    def _of(
        self, entries: tuple[Entry, ...], asked: tuple[str, ...] = (), version: int | None = None
    ) -> QueueOwnership:
        uris = {*(entry.uri for entry in entries), *asked}
        moods = {uri: mood for uri, mood in self.moods.items() if uri in uris}
        version = self.version if version is None else version
        return replace(self, entries=entries, moods=moods, asked=asked, version=version)


def _in_order(entries: Iterable[Entry], now: Snapshot) -> tuple[Entry, ...]:
    """Those that are in the queue, in its order."""
    places = now.places
    return tuple(sorted((entry for entry in entries if entry in places), key=places.__getitem__))


def _together(uris: Sequence[str], entries: Iterable[Entry]) -> set[Entry]:
    """Those that one list of commands has queued: their ids follow one another as `uris` do.

    The same song that somebody has queued just before stands alone. So with less than half of them there are
    none: better that one of ours is left to them than that one of theirs is taken for ours.
    """
    places: dict[str, list[int]] = {}
    for affect, uri in enumerate(uris):
        places.setdefault(uri, []).append(affect)
    runs: dict[int, set[Entry]] = {}  # by the id with which they begin
    for entry in entries:
        for affect in places.get(entry.uri, ()):
            runs.setdefault(entry.id - affect, set()).add(entry)
    best = max((runs[begin] for begin in sorted(runs)), key=len, default=set())
    return best if 2 * len(best) > len(uris) else set()


def _first(uris: Sequence[str], entries: Iterable[Entry]) -> set[Entry]:
    """The first entries with these URIs, as many of each as it is in there."""
    lost, found = Counter(uris), set()
    for entry in entries:
        if lost[entry.uri] > 0:
            lost[entry.uri] -= 1
            found.add(entry)
    return found


def _by_uri(own: Sequence[Entry], queue: Sequence[Entry]) -> set[Entry]:
    """In an MPD that was started again: whose ids have stayed, then by URI, as often as it was there."""
    present = set(queue)
    kept = present.intersection(own)
    lost = [entry.uri for entry in own if entry not in present]
    return kept | _first(lost, (entry for entry in queue if entry not in kept))
