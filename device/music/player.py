"""The connection to MPD: two, rather, one to ask and tell, one that idles until something changes there.

No method of the player waits for MPD, and no decision is made here. MPD may be away at start, go in the
middle or hang: the player posts PlayerDown, tries again with growing pauses, then posts PlayerUp. Where MPD's
sound fails, MPD pauses and leaves it at that: the player has it try again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

import mpd

from device import settings
from device.mood import Mood
from device.music import answers
from device.music.aside import Aside
from device.music.changes import put
from device.music.link import FAILURES, Client, client_of, explain, shown
from device.music.mirror import Mirror, first_look
from device.music.playlists import songs_of
from device.music.queue import Entry, Snapshot
from device.music.stickers import count, likes

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds between two tries to connect
PROBE = 15.0  # seconds of silence after which MPD is asked whether it still answers
MUTE_PAUSE = 5.0  # seconds until MPD is to try its sound again


@dataclass(frozen=True)
class PlayerUp:
    """MPD answers (again). started: when MPD was, in seconds of the epoch."""

    snapshot: Snapshot
    started: float


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
    """What has been added to MPD's queue for the box in a mood; less than asked if songs had vanished.

    play: they have taken the place of the older ones.
    """

    mood: Mood
    entries: tuple[Entry, ...]
    play: bool


@dataclass(frozen=True)
class SongsRefused:
    """None of the songs that were to be queued in a mood can be had from this MPD as it is now."""

    mood: Mood
    reason: str
    play: bool


PlayerEvent = PlayerUp | PlayerDown | PlayerChanged | LibraryChanged | SongsFound | SongsQueued | SongsRefused
Job = Callable[[Mirror], None]


class Player:
    def __init__(self, music: settings.Music, post: Callable[[PlayerEvent], None]) -> None:
        self._music = music
        self._post = post
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._commands: frozenset[str] = frozenset()  # that this MPD knows, and lets us use
        self._aside = Aside(music)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, and leaves MPD playing."""
        self._closed.set()
        self._jobs.put(_nothing)
        if self._thread.is_alive():
            self._thread.join(timeout=0.5)  # it may be waiting for an MPD that hangs; then it dies with us

    def find(self, mood: Mood) -> None:
        """Posts SongsFound."""

        def job(mirror: Mirror) -> None:
            hands, ask = mirror.client, self._aside.ask
            known: Mapping[str, bool] = {}
            if self._shares():
                known = ask(hands, "what others like", likes, known)
            picked: tuple[str, ...] = ()
            picked = ask(hands, f"the playlist {mood}", partial(songs_of, mood=mood), picked)
            self._post(SongsFound(mood, picked, known))

        self._jobs.put(job)

    def play(self, mood: Mood, uris: Sequence[str], instead_of: Sequence[Entry]) -> None:
        """Adds songs at the queue's end, plays the first of them, and removes `instead_of`."""
        self._jobs.put(partial(self._put, mood, uris, instead_of, True))

    def append(self, mood: Mood, uris: Sequence[str], instead_of: Sequence[Entry]) -> None:
        """Adds songs at the queue's end, and removes `instead_of`."""
        self._jobs.put(partial(self._put, mood, uris, instead_of, False))

    def _put(self, mood: Mood, uris: Sequence[str], old: Sequence[Entry], play: bool, mirror: Mirror) -> None:
        """Posts SongsQueued or SongsRefused, unless the connection is lost on the way."""
        try:
            entries = put(mirror, uris, old, play=play)
        except mpd.CommandError as error:
            self._post(SongsRefused(mood, f"MPD refuses: {shown(str(error))}", play))
            return
        if entries:
            self._post(SongsQueued(mood, entries, play))
        else:
            reason = f"MPD takes none of the {len(uris)} songs for {mood}: are they still there?"
            self._post(SongsRefused(mood, reason, play))

    def pause(self, paused: bool) -> None:
        self._jobs.put(lambda mirror: mirror.client.pause(int(paused)))

    def skip(self, entry: Entry) -> None:
        """On to the next song, unless `entry` has ended by itself in the meantime."""

        def job(mirror: Mirror) -> None:
            if answers.status(mirror.client).songid == entry.id:
                mirror.client.next()

        self._jobs.put(job)

    def count(self, uri: str, *, heard: bool) -> None:
        """Tells MPD's other clients of a play or a skip."""
        tell = partial(count, uri=uri, heard=heard, when=int(time.time()))

        def job(mirror: Mirror) -> None:
            if self._shares():
                self._aside.ask(mirror.client, "plays and skips", tell, None)

        self._jobs.put(job)

    def _shares(self) -> bool:
        return self._music.stickers and "sticker" in self._commands

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                # The ears first: what changes after they are open is not missed.
                with client_of(self._music) as ears, client_of(self._music) as hands:
                    self._serve(hands, ears)
            except FAILURES as error:
                self._post(PlayerDown(explain(error, self._music)))
            if time.monotonic() - began > LONGEST_PAUSE:  # an MPD that fails sooner may do so each time
                pause = FIRST_PAUSE
            self._closed.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _serve(self, hands: Client, ears: Client) -> None:
        first = first_look(hands)
        self._commands = first.commands
        self._aside.begin()
        self._set_up(hands)
        self._drop_jobs()
        self._post(PlayerUp(first.snapshot, first.started))
        with self._listening(ears):
            self._work(first.mirror, first.snapshot)

    def _work(self, mirror: Mirror, known: Snapshot) -> None:
        mute = False
        while not self._closed.is_set():
            try:
                job = self._jobs.get(timeout=MUTE_PAUSE if mute else PROBE)
            except Empty:
                job = _try_sound if mute else _nothing
            try:
                job(mirror)
            except mpd.CommandError as error:
                log.warning("MPD refuses: %s", shown(str(error)))
            snapshot = mirror.look()
            mute = snapshot.went_mute(known) or (mute and snapshot.is_mute)
            if snapshot != known:
                self._post(PlayerChanged(snapshot))
                known = snapshot

    def _set_up(self, client: Client) -> None:
        """What the settings say of MPD itself; all else stays as its owner has it."""
        wanted = []
        if self._music.crossfade >= 0:
            wanted.append(partial(client.crossfade, self._music.crossfade))
        if self._music.replay_gain:
            wanted.append(partial(client.replay_gain_mode, self._music.replay_gain))
        for tell in wanted:
            try:
                tell()
            except mpd.CommandError as error:
                log.warning("MPD refuses what the settings say of it: %s", shown(str(error)))

    def _drop_jobs(self) -> None:
        """Jobs from before a connection are stale: the box asks anew when it hears PlayerUp."""
        with contextlib.suppress(Empty):
            while True:
                self._jobs.get_nowait()

    @contextlib.contextmanager
    def _listening(self, ears: Client) -> Iterator[None]:
        """Makes a job of whatever changes in MPD, and of the connection's end."""
        taken = threading.Semaphore(0)
        listener = threading.Thread(target=self._listen, args=(ears, taken), name="listener", daemon=True)
        listener.start()
        try:
            yield
        finally:
            # Nothing else ends an idle() that waits: python-mpd2 has no noidle for threads.
            ears.hang_up()
            taken.release()  # after that: it hears of no other change
            listener.join()

    def _listen(self, ears: Client, taken: threading.Semaphore) -> None:
        """Hears of a change once the last one was taken: until then MPD keeps it in mind, so none pile up."""
        try:
            ears.idletimeout = None
            while True:
                # Options, since they say what comes next.
                changes = ears.idle("player", "playlist", "options", "database", "stored_playlist")
                self._jobs.put(partial(self._heard, changes, taken))
                taken.acquire()
        except FAILURES as error:
            self._jobs.put(partial(_fail, error))

    def _heard(self, changes: Sequence[str], taken: threading.Semaphore, _: Mirror) -> None:
        taken.release()
        if "stored_playlist" in changes:
            self._aside.begin()
        if {"database", "stored_playlist"}.intersection(changes):
            self._post(LibraryChanged(songs="database" in changes))


def _fail(error: Exception, _: Mirror) -> None:
    raise error


def _nothing(_: Mirror) -> None:
    pass


def _try_sound(mirror: Mirror) -> None:
    mirror.client.clearerror()  # MPD itself would keep it
    mirror.client.pause(0)
