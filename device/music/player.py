"""The connection to MPD: two, rather, one to ask and tell, one that idles until something changes there.

No method of the player waits for MPD, and no decision is made here. MPD may be away at start, go in the
middle or hang: the player posts PlayerDown, tries again with growing pauses, then posts PlayerUp.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import mpd

from device import settings
from device.mood import Mood
from device.music.link import FAILURES, client_of, explain
from device.music.playlists import songs_of
from device.music.queue import Entry, Snapshot
from device.music.stickers import count, likes

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two tries to connect
PROBE = 15.0  # seconds of silence after which MPD is asked whether it still answers


@dataclass(frozen=True)
class PlayerUp:
    """MPD answers (again)."""

    snapshot: Snapshot


@dataclass(frozen=True)
class PlayerDown:
    reason: str


@dataclass(frozen=True)
class PlayerChanged:
    snapshot: Snapshot


@dataclass(frozen=True)
class LibraryChanged:
    """Its stored playlists; songs: its songs, too."""

    songs: bool


@dataclass(frozen=True)
class SongsFound:
    """The songs that the user has picked for a mood, in a stored playlist; else `picked` is empty.

    likes: what other clients say is liked or disliked, by URI.
    """

    mood: Mood
    picked: tuple[str, ...]
    likes: Mapping[str, bool]


@dataclass(frozen=True)
class SongsQueued:
    """What has been added to MPD's queue for the box in a mood; less than asked if songs had vanished."""

    mood: Mood
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class SongsPlay:
    """The songs for a mood have taken the place of the older ones."""

    mood: Mood


@dataclass(frozen=True)
class SongsRefused:
    """What was asked last cannot be had from this MPD as it is now."""

    reason: str


PlayerEvent = (
    PlayerUp
    | PlayerDown
    | PlayerChanged
    | LibraryChanged
    | SongsFound
    | SongsQueued
    | SongsPlay
    | SongsRefused
)
Job = Callable[[mpd.MPDClient], None]


class Player:
    def __init__(self, music: settings.Music, post: Callable[[PlayerEvent], None]) -> None:
        self._music = music
        self._post = post
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, and leaves MPD playing."""
        self._closed.set()
        self._jobs.put(lambda _: None)
        if self._thread.is_alive():
            self._thread.join(timeout=0.5)  # it may be waiting for an MPD that hangs; then it dies with us

    def find(self, mood: Mood) -> None:
        """Posts SongsFound."""

        def job(client: mpd.MPDClient) -> None:
            known = likes(client) if self._music.stickers else {}
            self._post(SongsFound(mood, songs_of(client, mood), known))

        self._jobs.put(job)

    def play(self, mood: Mood, uris: Sequence[str], instead_of: Iterable[Entry]) -> None:
        """Adds songs at the queue's end, plays the first of them, then removes `instead_of`.

        Posts SongsQueued, and then SongsPlay or SongsRefused unless the connection was lost on the way.
        """
        old = tuple(instead_of)

        def job(client: mpd.MPDClient) -> None:
            entries = self._add(client, mood, uris)
            if not entries:
                reason = f"MPD takes none of the {len(uris)} songs for {mood}: are they still there?"
                self._post(SongsRefused(reason))
            else:
                with contextlib.suppress(mpd.CommandError):  # its file has vanished, or somebody removed it
                    client.playid(entries[0].id)
                _remove(client, old)
                self._post(SongsPlay(mood))

        self._jobs.put(job)

    def append(self, mood: Mood, uris: Sequence[str], instead_of: Iterable[Entry]) -> None:
        """Adds songs at the queue's end, and removes `instead_of`. Posts SongsQueued."""
        old = tuple(instead_of)

        def job(client: mpd.MPDClient) -> None:
            self._add(client, mood, uris)
            _remove(client, old)

        self._jobs.put(job)

    def pause(self, paused: bool) -> None:
        self._jobs.put(lambda client: client.pause(int(paused)))

    def skip(self, entry: Entry) -> None:
        """On to the next song, unless `entry` has ended by itself in the meantime."""

        def job(client: mpd.MPDClient) -> None:
            if client.status().get("songid") == str(entry.id):
                client.next()

        self._jobs.put(job)

    def count(self, uri: str, *, heard: bool) -> None:
        """Tells MPD's other clients of a play or a skip."""
        if self._music.stickers:
            when = int(time.time())
            self._jobs.put(lambda client: count(client, uri, heard=heard, when=when))

    def _add(self, client: mpd.MPDClient, mood: Mood, uris: Sequence[str]) -> tuple[Entry, ...]:
        entries: list[Entry] = []
        try:
            for uri in uris:
                try:
                    entries.append(Entry(int(client.addid(uri)), uri))
                except mpd.CommandError as error:
                    log.warning("%s cannot be queued: %s", uri, error)
        finally:  # also when MPD goes in the middle: what was added so far is the box's
            self._post(SongsQueued(mood, tuple(entries)))
        return tuple(entries)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._closed.is_set():
            try:
                # The ears first: what changes after they are open is not missed.
                with client_of(self._music) as ears, client_of(self._music) as hands, self._listening(ears):
                    pause = FIRST_PAUSE
                    self._serve(hands)
            except FAILURES as error:
                self._post(PlayerDown(explain(error, self._music)))
            self._closed.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _serve(self, client: mpd.MPDClient) -> None:
        known = look_at(client)
        self._drop_jobs()
        self._post(PlayerUp(known))
        while not self._closed.is_set():
            with contextlib.suppress(Empty):
                job = self._jobs.get(timeout=PROBE)
                try:
                    job(client)
                except mpd.CommandError as error:
                    self._post(SongsRefused(f"MPD refuses: {error}"))
            snapshot = look_at(client)
            if snapshot != known:
                self._post(PlayerChanged(snapshot))
                known = snapshot

    def _drop_jobs(self) -> None:
        """Jobs from before a connection are stale: the box asks anew when it hears PlayerUp."""
        with contextlib.suppress(Empty):
            while True:
                self._jobs.get_nowait()

    @contextlib.contextmanager
    def _listening(self, ears: mpd.MPDClient) -> Iterator[None]:
        """Makes a job of whatever changes in MPD, and of the connection's end."""
        listener = threading.Thread(target=self._listen, args=(ears,), name="listener", daemon=True)
        listener.start()
        try:
            yield
        finally:
            # Nothing else ends an idle() that waits: python-mpd2 has no noidle for threads.
            with (
                contextlib.suppress(OSError, mpd.MPDError),
                socket.socket(fileno=os.dup(ears.fileno())) as ear,
            ):
                ear.shutdown(socket.SHUT_RDWR)
            listener.join()

    def _listen(self, ears: mpd.MPDClient) -> None:
        try:
            ears.idletimeout = None
            while True:
                changes = ears.idle("player", "playlist", "database", "stored_playlist")
                self._jobs.put(partial(self._heard, changes))
        except FAILURES as error:
            self._jobs.put(partial(_fail, error))

    def _heard(self, changes: Sequence[str], _: mpd.MPDClient) -> None:
        if {"database", "stored_playlist"}.intersection(changes):
            self._post(LibraryChanged(songs="database" in changes))


def _fail(error: Exception, _: mpd.MPDClient) -> None:
    raise error


def look_at(client: mpd.MPDClient) -> Snapshot:
    """All of one moment: MPD lets nothing happen between the commands of a list."""
    client.command_list_ok_begin()
    client.status()
    client.playlistinfo()
    client.currentsong()
    status, songs, song = client.command_list_end()
    queue = tuple(Entry(int(song["id"]), song["file"]) for song in songs)
    current = Entry(int(song["id"]), song["file"]) if song else None
    return Snapshot(
        state=status["state"],
        queue=queue,
        current=current if current in queue else None,
        title=_title(song),
        error=status.get("error", ""),
        elapsed=float(status.get("elapsed", 0)),
        duration=float(status.get("duration", 0)),
    )


def _title(song: dict[str, Any]) -> str:
    words = [_one(song.get("artist", "")), _one(song.get("title", ""))]
    return " - ".join(filter(None, words)) or song.get("file", "")


def _one(value: str | list[str]) -> str:
    """python-mpd2 makes a list of a tag that a song has more than once."""
    return value if isinstance(value, str) else ", ".join(value)


def _remove(client: mpd.MPDClient, entries: Sequence[Entry]) -> None:
    for entry in entries:
        with contextlib.suppress(mpd.CommandError):  # somebody else has removed it already
            client.deleteid(entry.id)
