"""The box's copy of MPD's queue: at each look, only what has changed since the last one is asked for.

A queue of others may be long and well tagged. All of it in one answer may be more than MPD sends (8 MiB, then
it hangs up), and reading it at each change would keep a small Pi busy. So places and ids of what has changed
are asked for together with the rest of one moment, and names only of ids that are new, in windows.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mpd

from device.music import answers
from device.music.answers import Current, Status, checked
from device.music.link import Client
from device.music.queue import Entry, Queue, Snapshot
from device.music.wire import AnswerError

WINDOW = 500  # songs; without tags, and each with the longest name that a file may have, 2 MiB
TRIES = 5  # others may change the queue between a look at it and the question for names
PATIENCE = 30.0  # seconds for the names of all songs, however many there are
LONGEST_WORDS = 1000  # letters of a title, or of an error
Places = list[tuple[int, int]]
"""Each a place in the queue, and the id of the song there."""


class Mirror:
    """Of one connection, on which MPD leaves out the songs' tags from then on."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._version = 0
        self._queue = Queue()
        self._known: dict[
            int, Entry
        ] = {}  # by id; one that has left the queue may come again as another song
        try:
            client.tagtypes("clear")
        except mpd.CommandError:  # then it sends more, and that is all
            self._without_tags = False
        else:
            self._without_tags = True

    def look(self) -> Snapshot:
        """MPD at one moment. Raises one of link.FAILURES."""
        for _ in range(TRIES):
            status, changes, song = self._moment()
            if status.playlist != self._version:
                self._know(sorted(place for place, id_ in changes if id_ not in self._known))
                queue = self._changed(status.playlistlength, changes)
                if queue is None:
                    continue
                self._queue, self._version = queue, status.playlist
            snapshot = self._snapshot(status, song)
            if snapshot.current is None or snapshot.current.uri == song.file:
                return snapshot
            # Its id came again while nobody looked: from then on no name is to be trusted.
            self._version, self._queue, self._known = 0, Queue(), {}
        raise AnswerError("its queue is another one each time that it is asked for")

    def _moment(self) -> tuple[Status, Places, Current]:
        """MPD lets nothing happen between the commands of a list."""
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
        return checked("status", status, Status), changes, checked("currentsong", song, Current)

    def _know(self, places: Sequence[int]) -> None:
        """Asks for the names of the songs at these places, which are in order."""
        ends = time.monotonic() + PATIENCE
        for start, end in _windows(places):
            if time.monotonic() > ends:
                raise TimeoutError("its queue cannot be read in time")
            for row in answers.queued(self.client, start, end):
                self._known[row.id] = Entry(row.id, row.file)

    def _changed(self, length: int, changes: Places) -> Queue | None:
        """The queue after the changes; None if it has changed again, or they leave something out."""
        entries: list[Entry | None] = [*self._queue[:length], *[None] * (length - len(self._queue))]
        for place, id_ in changes:
            if place >= length:
                raise AnswerError(f"plchangesposid: place {place} in a queue of {length}")
            entries[place] = self._known.get(id_)
        queue = Queue(entry for entry in entries if entry)
        if len(queue.places) < length:
            if all(id_ in self._known for _, id_ in changes):
                self._version = 0  # the changes have left something out: all of it is asked for
            return None
        self._known = {entry.id: entry for entry in queue}
        return queue

    def _snapshot(self, status: Status, song: Current) -> Snapshot:
        current = self._entry(status.songid)
        if current is None and status.songid is not None:
            raise AnswerError("status: songid is not in the queue")
        return Snapshot(
            state=status.state,
            queue=self._queue,
            current=current,
            title=_title(song),
            error=status.error[:LONGEST_WORDS],
            next=self._entry(status.nextsongid),
            single=status.single != "0",
            consume=status.consume != "0",
            random=status.random != "0",
            version=status.playlist,
            elapsed=status.elapsed,
            duration=status.duration,
        )

    def _entry(self, id_: int | None) -> Entry | None:
        entry = None if id_ is None else self._known.get(id_)
        return entry if entry in self._queue.places else None


@dataclass(frozen=True)
class FirstLook:
    """What the box wants to know of an MPD before it works with it.

    started: when MPD was, in seconds of the epoch. commands: that it knows, and lets us use.
    """

    mirror: Mirror
    snapshot: Snapshot
    started: float
    commands: frozenset[str]


def first_look(client: Client) -> FirstLook:
    """Raises one of link.FAILURES if the box cannot work with this MPD."""
    commands = answers.commands(client)
    mirror = Mirror(client)
    snapshot = mirror.look()
    return FirstLook(mirror, snapshot, time.time() - answers.stats(client).uptime, commands)


def _windows(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Starts and ends of windows that hold all these places, which are in order."""
    first = 0
    while first < len(places):
        behind = bisect_left(places, places[first] + WINDOW)
        yield places[first], places[behind - 1] + 1
        first = behind


def _title(song: Current) -> str:
    words = [", ".join(answers.words(tag)) for tag in (song.artist, song.title)]
    return (" - ".join(filter(None, words)) or song.file)[:LONGEST_WORDS]
