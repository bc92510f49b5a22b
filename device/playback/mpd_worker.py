"""The thread that talks to MPD, over two connections: one sends commands, one waits in `idle` for changes.

No method of the worker waits for MPD, and nothing is decided here. MPD may be down at the start, stop at any
time, or hang: the worker posts MpdDisconnected, tries again with growing delays, then posts MpdConnected.
Where MPD's output fails, MPD pauses and does no more: the worker makes it try again.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from queue import Empty, SimpleQueue

import mpd

from device.config import settings
from device.errors import SEE_LOG, describe
from device.health import Part
from device.mood_estimate import MoodEstimate
from device.mpd import responses, stickers, volume
from device.mpd.connection import MPD_ERRORS, Client, explain, open_client, printable
from device.mpd.optional_requests import OptionalRequests
from device.mpd.options import apply_settings
from device.mpd.playlists import PlaylistEntry, mood_playlist
from device.mpd.queue_edits import add_songs
from device.mpd.queue_mirror import QueueMirror, read_initial_state
from device.mpd.snapshot import Entry, Snapshot
from device.mpd.titles import is_network_stream
from device.mpd.tone.player import without_tone
from device.playback.idle_listener import idle_listener
from device.playback.mpd_events import (
    LibraryChanged,
    MpdChanged,
    MpdConnected,
    MpdDisconnected,
    SongsFound,
    SongsQueued,
    SongsRefused,
)
from device.playback.tasks import Answer, IdleEnded, Task, TaskRunner, question
from device.supervision import DEFAULT_RESTART_POLICY, PartMonitor, Post, RestartPolicy, SupervisedThread

log = logging.getLogger(__name__)

MIN_RECONNECT_DELAY_S, MAX_RECONNECT_DELAY_S = 0.2, 5.0
POLL_INTERVAL_S = 15.0  # without a task for so long, MPD is asked whether it still answers
OUTPUT_RETRY_INTERVAL_S = 5.0
NO_STICKERS = "MPD keeps no likes: name a sticker_file in mpd.conf, then restart MPD"
STICKERS_OFF = "the box shares no likes: music.stickers is false in the settings"


class MpdWorker:
    """Takes tasks for MPD, and posts MpdEvents.

    A fault of moodbox's own in a task costs that task. Outside of a task it ends the thread, which is started
    again as after a lost connection: with MpdDisconnected and MpdConnected.
    """

    def __init__(
        self, music: settings.Music, post: Post, restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY
    ) -> None:
        self._music = music
        self._post = post
        self._runner = TaskRunner(post)
        self._tasks: SimpleQueue[Task | IdleEnded] = SimpleQueue()
        self._commands: frozenset[str] = frozenset()  # that this MPD has, and lets us use
        self._optional = OptionalRequests(music)
        self._streams: dict[str, PlaylistEntry] = {}  # in the playlists that were read
        self._start_volume = min(music.volume_start, music.volume_max)  # -1 once it was set
        self._volume_steps: SimpleQueue[int] = SimpleQueue()  # those that MPD has not made yet
        self._supervised = SupervisedThread(PartMonitor(Part.PLAYER, post, restart_policy), self._run)
        self._closed = self._supervised.closed

    def start(self) -> None:
        """Start the thread."""
        self._supervised.start()

    def close(self) -> None:
        """End the thread, and leave MPD playing."""
        self._closed.set()
        self._tasks.put(REFRESH)
        self._supervised.close()  # one that waits for an MPD that hangs ends with the process

    def find(self, estimate: MoodEstimate) -> None:
        """Read the likely mood's stored playlist and the likes; posts SongsFound."""

        def run(mirror: QueueMirror) -> None:
            optional = partial(self._optional.run, mirror.client)
            likes: Mapping[str, bool] = {}
            if self._uses_stickers():
                with self._runner.monitor(Part.LIKES).job(*MPD_ERRORS):
                    likes = optional("likes of other clients", stickers.likes, likes)
            playlist: Mapping[str, PlaylistEntry] = {}
            if mood := estimate.playlist_mood:
                playlist = optional(f"the playlist {mood}", partial(mood_playlist, mood=mood), playlist)
            self._streams |= {uri: entry for uri, entry in playlist.items() if is_network_stream(uri)}
            self._post(SongsFound(estimate, tuple(playlist), likes))

        def failed(_: str) -> None:
            self._post(SongsFound(estimate, (), {}))  # the box then plays from the whole library

        self._tasks.put(Task(Part.PLAYLISTS, run, failed))

    def play(self, estimate: MoodEstimate, uris: Sequence[str], instead_of: Sequence[Entry]) -> None:
        """Add songs at the queue's end, play the first, remove others; posts SongsQueued or SongsRefused."""
        self._edit_queue(estimate, uris, instead_of, play=True)

    def append(self, estimate: MoodEstimate, uris: Sequence[str], instead_of: Sequence[Entry]) -> None:
        """Add songs at the queue's end, and remove others; posts SongsQueued or SongsRefused."""
        self._edit_queue(estimate, uris, instead_of, play=False)

    def _edit_queue(
        self, estimate: MoodEstimate, uris: Sequence[str], instead_of: Sequence[Entry], *, play: bool
    ) -> None:
        def run(mirror: QueueMirror) -> None:
            try:
                entries = add_songs(mirror, uris, instead_of, self._streams, play=play)
            except mpd.CommandError as error:
                self._post(SongsRefused(estimate, f"MPD refuses: {printable(str(error))}", play))
                return
            self._post(SongsQueued(estimate, entries, play))

        def failed(reason: str) -> None:
            self._post(SongsRefused(estimate, f"no songs could be queued: it {reason}", play))

        self._tasks.put(Task(Part.QUEUE, run, failed))

    def report(self) -> None:
        """Post MpdChanged with `reported`: it holds all that has happened in MPD until now."""
        self._tasks.put(REPORT)

    def pause(self, paused: bool) -> None:
        """Pause the music, or go on with it."""
        self._tasks.put(Task(Part.PAUSE, lambda mirror: mirror.client.pause(int(paused))))

    def skip(self, entry: Entry) -> None:
        """Go on to the next song, unless `entry` has ended by itself in the meantime."""

        def run(mirror: QueueMirror) -> None:
            if responses.status(mirror.client).songid == entry.id:
                mirror.client.next()

        self._tasks.put(Task(Part.SKIP, run))

    def set_volume(self, percent: int) -> None:
        """Set MPD's volume."""
        self._tasks.put(Task(Part.VOLUME, lambda mirror: mirror.client.setvol(percent)))

    def change_volume(self, steps: int) -> None:
        """Change MPD's volume by steps. Those that come while MPD is busy are made together."""

        def run(mirror: QueueMirror) -> None:
            total = sum(self._volume_steps.get_nowait() for _ in range(self._volume_steps.qsize()))
            volume.change(mirror.client, total, self._music.volume_max)

        self._volume_steps.put(steps)
        self._tasks.put(Task(Part.VOLUME, run))

    def record_play(self, uri: str, *, completed: bool) -> None:
        """Tell MPD's other clients of a play, or else of a skip."""
        record = partial(stickers.record_play, uri=uri, completed=completed, when=int(time.time()))

        def run(mirror: QueueMirror) -> None:
            if self._uses_stickers():
                self._optional.run(mirror.client, "plays and skips", record, None)

        self._tasks.put(Task(Part.STICKERS, run))

    def like(self, uri: str, done: Callable[[str], None]) -> None:
        """Set MPD's sticker `like`; calls `done`, with "" or with why that failed."""

        def run(mirror: QueueMirror) -> None:
            if self._uses_stickers():
                done(stickers.like(mirror.client, uri))
            else:
                done(NO_STICKERS if self._music.stickers else STICKERS_OFF)

        self._tasks.put(Task(Part.STICKERS, run, lambda reason: done(f"it {reason}"), lost=done))

    def ask(self, read: Callable[[QueueMirror], Answer], done: Callable[[Answer], None]) -> None:
        """Have `read` ask MPD something; calls `done` with what it returns, or with an `error`."""
        self._tasks.put(question(read, done))

    def _uses_stickers(self) -> bool:
        return self._music.stickers and "sticker" in self._commands

    def _run(self) -> None:
        delay = MIN_RECONNECT_DELAY_S
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                # The idle client first: a change after its connection is open is not missed.
                with open_client(self._music) as idle_client, open_client(self._music) as command_client:
                    self._serve(command_client, idle_client)
            except MPD_ERRORS as error:
                self._post(MpdDisconnected(explain(error, self._music)))
            except BaseException as error:
                self._post(MpdDisconnected(f"{describe(error)}, and is started again; {SEE_LOG}"))
                raise
            # An MPD that accepts each connection and then fails does not count as reachable again.
            if time.monotonic() - began > MAX_RECONNECT_DELAY_S:
                delay = MIN_RECONNECT_DELAY_S
            self._closed.wait(delay)
            delay = min(2 * delay, MAX_RECONNECT_DELAY_S)

    def _serve(self, command_client: Client, idle_client: Client) -> None:
        initial = without_tone(read_initial_state(command_client))
        self._commands = initial.commands
        self._optional.reset()
        apply_settings(command_client, self._music, self._start_volume)
        self._start_volume = -1
        self._drop_tasks()
        self._post(MpdConnected(initial.snapshot, initial.started))
        with idle_listener(idle_client, self._tasks.put, self._subsystems_changed):
            self._run_tasks(initial.mirror, initial.snapshot)

    def _run_tasks(self, mirror: QueueMirror, known: Snapshot) -> None:
        output_failed = False
        while not self._closed.is_set():
            try:
                task = self._tasks.get(timeout=OUTPUT_RETRY_INTERVAL_S if output_failed else POLL_INTERVAL_S)
            except Empty:
                task = RETRY_OUTPUT if output_failed else REFRESH
            if isinstance(task, IdleEnded):
                raise task.error
            self._runner.run(task, mirror)
            snapshot = mirror.refresh()
            output_failed = snapshot.output_failed_since(known) or (
                output_failed and snapshot.is_paused_by_error
            )
            still_broken = task is REFRESH and snapshot.state == "stop" and bool(snapshot.error)
            asked_for = task is REPORT or task.part is Part.QUEUE  # an edit may have been undone by others
            if snapshot != known or still_broken or asked_for:
                self._post(MpdChanged(snapshot, reported=task is REPORT))
                known = snapshot

    def _drop_tasks(self) -> None:
        """Tasks from before a connection are stale: the box sends new ones when it handles MpdConnected."""
        with contextlib.suppress(Empty):
            while True:
                if isinstance(task := self._tasks.get_nowait(), Task):
                    task.drop()

    def _subsystems_changed(self, subsystems: Sequence[str]) -> None:
        if "stored_playlist" in subsystems:
            self._optional.reset()
        if {"database", "stored_playlist"}.intersection(subsystems):
            self._post(LibraryChanged(songs="database" in subsystems))


def _do_nothing(_: QueueMirror) -> None:
    """A refresh follows every task."""


def _retry_output(mirror: QueueMirror) -> None:
    mirror.client.clearerror()  # MPD itself would keep it
    mirror.client.pause(0)


REFRESH, REPORT = Task(Part.PLAYER, _do_nothing), Task(Part.PLAYER, _do_nothing)
RETRY_OUTPUT = Task(Part.SOUND, _retry_output)
