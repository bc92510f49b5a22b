"""A copy of MPD's queue that is kept up to date by asking only for what has changed.

Other clients may make the queue long, with many tags. The whole of it in one response may be more than MPD
sends (8 MiB, then it closes the connection), and reading it at every change would keep a small Pi busy. So
the positions and ids of what has changed are read together with the state of the same moment, and file names
only of ids that are new, in windows.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import mpd

from device.mpd import responses
from device.mpd.connection import Client
from device.mpd.responses import CurrentSong, Status, checked
from device.mpd.snapshot import Entry, Queue, Snapshot
from device.mpd.titles import song_name
from device.mpd.transport import ResponseError

WINDOW = 500  # songs; without tags, and each with the longest possible file name, 2 MiB
MAX_ATTEMPTS = 30  # another client may edit the queue between the requests for changes and for names
NAMES_TIMEOUT_S = 30.0  # for the names of all new songs, however many there are
MAX_TEXT = 1000  # characters of a title, or of an error

QueueChanges = list[tuple[int, int]]
"""Pairs of a position in the queue and the id of the song there."""


class QueueMirror:
    """The queue as one connection sees it.

    On that connection MPD sends no tags from then on, if it lets us choose.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._version = 0
        self._queue = Queue()
        self._entries: dict[
            int, Entry
        ] = {}  # by id; one that has left the queue may come back as another song
        try:
            client.tagtypes("clear")
        except mpd.CommandError:  # then it sends more, which does no harm
            self._without_tags = False
        else:
            self._without_tags = True

    def refresh(self) -> Snapshot:
        """Read MPD's state at one moment. Raises one of MPD_ERRORS."""
        for _ in range(MAX_ATTEMPTS):
            status, changes, song = self._read_state()
            if status.playlist != self._version:
                self._read_names(sorted(position for position, id_ in changes if id_ not in self._entries))
                queue = self._apply(changes, status.playlistlength)
                if queue is None:
                    continue
                self._queue, self._version = queue, status.playlist
            snapshot = self._snapshot(status, song)
            if snapshot.current is None or snapshot.current.uri == song.file:
                return snapshot
            # The id has come back as another song between two refreshes: no known name can be trusted.
            self._version, self._queue, self._entries = 0, Queue(), {}
        raise ResponseError("its queue is different each time it is read")

    @contextmanager
    def tags(self) -> Iterator[None]:
        """Have MPD send artist and title meanwhile, with the responses that are read one by one."""
        if self._without_tags:
            self.client.tagtypes("enable", "Artist", "Title")
        try:
            yield
        finally:
            if self._without_tags:
                self.client.tagtypes("clear")

    def _read_state(self) -> tuple[Status, QueueChanges, CurrentSong]:
        """One command list, so that all of it is of one moment."""
        client = self.client
        client.command_list_ok_begin()
        client.status()
        client.plchangesposid(self._version)
        if self._without_tags:
            client.tagtypes("enable", "Artist", "Title")
        client.currentsong()
        if self._without_tags:
            client.tagtypes("clear")
        status, changes, *rest = client.command_list_end()
        song = rest[1 if self._without_tags else 0]
        return checked("status", status, Status), changes, checked("currentsong", song, CurrentSong)

    def _read_names(self, positions: Sequence[int]) -> None:
        """Read the file names of the songs at these positions, which are in order."""
        deadline = time.monotonic() + NAMES_TIMEOUT_S
        for start, end in _windows(positions):
            if time.monotonic() > deadline:
                raise TimeoutError("its queue cannot be read in time")
            for row in responses.queue_window(self.client, start, end):
                self._entries[row.id] = Entry(row.id, row.file)

    def _apply(self, changes: QueueChanges, length: int) -> Queue | None:
        """The queue after the changes; None if it has changed again, or the changes are incomplete."""
        entries: list[Entry | None] = [*self._queue[:length], *[None] * (length - len(self._queue))]
        for position, id_ in changes:
            if position >= length:
                raise ResponseError(f"plchangesposid: position {position} in a queue of {length}")
            entries[position] = self._entries.get(id_)
        queue = Queue(entry for entry in entries if entry)
        if len(queue.positions) < length:
            if all(id_ in self._entries for _, id_ in changes):
                self._version = 0  # the changes are incomplete: the next request is for the whole queue
            return None
        self._entries = {entry.id: entry for entry in queue}
        return queue

    def _snapshot(self, status: Status, song: CurrentSong) -> Snapshot:
        current = self._entry(status.songid)
        if current is None and status.songid is not None:
            raise ResponseError("status: songid is not in the queue")
        return Snapshot(
            state=status.state,
            queue=self._queue,
            current=current,
            title=song_name(song.artist, song.title, song.file)[:MAX_TEXT],
            error=status.error[:MAX_TEXT],
            next=self._entry(status.nextsongid),
            single=status.single != "0",
            consume=status.consume != "0",
            random=status.random != "0",
            volume=status.volume_percent,
            version=status.playlist,
            elapsed=status.elapsed,
            duration=status.duration,
        )

    def _entry(self, id_: int | None) -> Entry | None:
        entry = None if id_ is None else self._entries.get(id_)
        return entry if entry in self._queue.positions else None


@dataclass(frozen=True)
class InitialState:
    """What is read of an MPD right after connecting to it.

    Attributes:
        started: When this MPD was started, in seconds since the epoch.
        commands: The commands that it has, and lets us use.
    """

    mirror: QueueMirror
    snapshot: Snapshot
    started: float
    commands: frozenset[str]


def read_initial_state(client: Client) -> InitialState:
    """Check that the box can work with this MPD. Raises one of MPD_ERRORS if it cannot."""
    commands = responses.commands(client)
    mirror = QueueMirror(client)
    snapshot = mirror.refresh()
    return InitialState(mirror, snapshot, time.time() - responses.stats(client).uptime, commands)


def _windows(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Starts and ends of windows that hold all these positions, which are in order."""
    first = 0
    while first < len(positions):
        end = bisect_left(positions, positions[first] + WINDOW)
        yield positions[first], positions[end - 1] + 1
        first = end
