"""Which entries of MPD's queue are the box's own: nobody else's is ever removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from device.mood_estimate import Estimates, MoodEstimate
from device.mpd.snapshot import Entry, Snapshot, upcoming

START_TOLERANCE_S = 1.5  # MPD reports its uptime in whole seconds


@dataclass(frozen=True)
class QueueOwnership:
    """What the box knows of its own entries. It is kept on disk: the box may be killed at any moment.

    Attributes:
        entries: The box's entries, in the queue's order.
        estimates: For which estimate of the mood each was queued, by URI.
        asked: The URIs that MPD was asked to queue and has not confirmed yet.
        above: The highest id in the queue at that time; those of `asked` will be higher.
        started: When that MPD was started, in seconds since the epoch.
        version: The queue's version then. If this or `started` does not fit, MPD has been started again, and
            all ids are new.
    """

    entries: tuple[Entry, ...] = ()
    estimates: Estimates = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    above: int = 0
    started: float = 0.0
    version: int = 0

    @property
    def last_estimate(self) -> MoodEstimate | None:
        """For what the last of the box's songs was queued, as far as that is known."""
        known = (self.estimates.get(entry.uri) for entry in reversed(self.entries))
        return next(filter(None, known), None)

    def upcoming_for(self, estimate: MoodEstimate | None, now: Snapshot) -> list[Entry]:
        """The box's songs that are still to come, without those that were queued for another estimate."""
        coming = upcoming(self.entries, now)
        return [entry for entry in coming if self.estimates.get(entry.uri) == estimate]

    def outdated(self, now: Snapshot) -> QueueOwnership:
        """The songs that are still to come, or asked for, no longer fit any estimate."""
        coming = {*(entry.uri for entry in upcoming(self.entries, now)), *self.asked}
        kept = {uri: estimate for uri, estimate in self.estimates.items() if uri not in coming}
        return replace(self, estimates=kept)

    def is_current(self, now: Snapshot | None, state: str) -> bool:
        """Whether a song of the box is the current one, in this state; not while MPD is not reachable."""
        return now is not None and now.state == state and now.current in self.entries

    def removed_at_once(self, before: Snapshot, now: Snapshot) -> bool:
        """Whether the box's entries left the queue before it was seen: MPD's library has just lost them."""
        seen = any(entry in before.positions or entry in now.positions for entry in self.entries)
        return bool(self.entries) and not seen and now.state == "stop"

    def plays_foreign(self, now: Snapshot, played: Collection[str]) -> bool:
        """Whether a song plays that is not the box's, nor was before it lost its power and its entries."""
        foreign = now.current is not None and now.current not in self.entries
        return now.state == "play" and foreign and now.current.uri not in played  # type: ignore[union-attr]

    def refused(self, entries: Sequence[Entry]) -> frozenset[str]:
        """The URIs that MPD was asked to queue and that are not among the entries that it has queued."""
        return frozenset(self.asked) - {entry.uri for entry in entries}

    def with_request(self, estimate: MoodEstimate, uris: Sequence[str], now: Snapshot) -> QueueOwnership:
        """MPD is about to be asked to queue these songs."""
        above = max((entry.id for entry in now.queue), default=0)
        estimates = {**self.estimates, **dict.fromkeys(uris, estimate)}
        return replace(self, asked=tuple(uris), above=above, estimates=estimates, version=now.version)

    def confirmed(self, entries: Sequence[Entry]) -> QueueOwnership:
        """MPD has queued these of the songs that it was asked for."""
        return self._with_entries((*self.entries, *entries))

    def among(self, now: Snapshot) -> QueueOwnership:
        """The entries that are still in the queue, in its order, while the connection lasts.

        If somebody else queues the same song, that has another id, and stays theirs.
        """
        kept = _in_order(self.entries, now)
        return self if kept == self.entries else self._with_entries(kept, self.asked, now.version)

    def recovered(self, now: Snapshot, started: float) -> QueueOwnership:
        """The entries that are still in the queue after connecting again.

        Args:
            now: The first snapshot.
            started: When this MPD was started, in seconds since the epoch.
        """
        if abs(started - self.started) <= START_TOLERANCE_S and now.version >= self.version:
            new = [entry for entry in now.queue if entry.id > self.above]
            kept = _in_order({*self.entries, *_queued_together(self.asked, new)}, now)
        else:
            kept = _in_order(_matched_by_uri(self.entries, now.queue), now)
        return replace(self._with_entries(kept, version=now.version), started=started)

    def _with_entries(
        self, entries: tuple[Entry, ...], asked: tuple[str, ...] = (), version: int | None = None
    ) -> QueueOwnership:
        uris = {*(entry.uri for entry in entries), *asked}
        estimates = {uri: estimate for uri, estimate in self.estimates.items() if uri in uris}
        version = self.version if version is None else version
        return replace(self, entries=entries, estimates=estimates, asked=asked, version=version)


def _in_order(entries: Iterable[Entry], now: Snapshot) -> tuple[Entry, ...]:
    """Those that are in the queue, in its order."""
    positions = now.positions
    return tuple(sorted((entry for entry in entries if entry in positions), key=positions.__getitem__))


def _queued_together(uris: Sequence[str], entries: Iterable[Entry]) -> set[Entry]:
    """The entries that one command list has queued: their ids are consecutive, in the order of `uris`.

    The same song that somebody else has queued just before has no such neighbours. If less than half of the
    songs are found, none counts: to leave one of ours in the queue is better than to remove one of theirs.
    """
    indices: dict[str, list[int]] = {}
    for index, uri in enumerate(uris):
        indices.setdefault(uri, []).append(index)
    runs: dict[int, set[Entry]] = {}  # by the id with which the run begins
    for entry in entries:
        for index in indices.get(entry.uri, ()):
            runs.setdefault(entry.id - index, set()).add(entry)
    longest = max((runs[begin] for begin in sorted(runs)), key=len, default=set())
    return longest if 2 * len(longest) > len(uris) else set()


def _matched_by_uri(own: Sequence[Entry], queue: Sequence[Entry]) -> set[Entry]:
    """The box's entries in an MPD that was started again: by id where that is the same, else by URI.

    Of each URI, no more than the box had before, from the queue's start.
    """
    present = set(queue)
    kept = present.intersection(own)
    missing = Counter(entry.uri for entry in own if entry not in present)
    for entry in queue:
        if entry not in kept and missing[entry.uri] > 0:
            missing[entry.uri] -= 1
            kept.add(entry)
    return kept
