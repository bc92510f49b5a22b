"""Decides what should play, and asks the MPD worker for it. Runs on the box's one consumer thread."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from device.config import settings
from device.health import Health, Part
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import EMPTY_TABLE, SongTable
from device.mood_estimate import ChosenBy, MoodEstimate
from device.mpd.snapshot import Entry, Snapshot, advanced, played_to_end, taken_over
from device.playback import mpd_events as events
from device.playback.guarded_memory import GuardedMemory
from device.playback.learner import Learner
from device.playback.memory import Memory
from device.playback.mpd_worker import MpdWorker
from device.playback.ownership import QueueOwnership
from device.playback.planner import Planner
from device.playback.player_controls import PlayerControls
from device.playback.state import ControlMode, PlaybackState

log = logging.getLogger(__name__)

MAX_FAILURES = 3


class PlaybackController:
    """Knows what the music is chosen for, MPD's state, and which entries of MPD's queue are the box's own.

    Attributes:
        state: What is wanted and what is pending.
        controls: Pause and volume.
        snapshot: MPD's state; None while MPD is not reachable.
    """

    def __init__(
        self,
        music: settings.Music,
        mpd_worker: MpdWorker,
        scanner: LibraryScanner,
        memory: Memory,
        rng: np.random.Generator,
        health: Health,
    ) -> None:
        """Take over the parts. What keeps the music from playing is reported to `health`."""
        self._health = health
        self._music = music
        self._mpd = mpd_worker
        self._scanner = scanner
        self._memory = GuardedMemory(memory, health)
        self.planner = Planner(music, self._memory, rng)
        self._learner = Learner(self._memory, mpd_worker.record_play)
        self._ownership = self._memory.recall(Memory.ownership) or QueueOwnership()
        self._library = SongTableUpdated(EMPTY_TABLE, complete=False)
        self.state = PlaybackState()
        self.snapshot: Snapshot | None = None
        self.controls = PlayerControls(mpd_worker, music.volume_max, lambda: self.snapshot, self.play_again)

    @property
    def table(self) -> SongTable:
        """The library's songs as far as they are known."""
        return self._library.table

    def play(self, estimate: MoodEstimate, *, by_button: bool = True) -> None:
        """Play songs for this estimate from now on, in place of what the box has queued.

        by_button: somebody has pressed the button, which takes the music back from another client.
        """
        wrong = self.state.estimate if estimate.chosen_by is ChosenBy.CORRECTION else None
        self._want(estimate, by_button)
        if self.state.has_yielded and not by_button:
            return
        self._learner.interrupt(self._ownership)
        self._learner.begin(instead_of=wrong)
        self._start_change()

    def steer(self, estimate: MoodEstimate, *, by_button: bool = True) -> None:
        """Let the box's song play on, and choose the songs after it for this estimate; else as `play`."""
        if self.state.replacing and self._ownership.asked:  # the first of them plays, and others follow it
            self._want(estimate, by_button)
        elif self._own_song("play"):
            self._want(estimate, by_button)
            self.state = self.state.steered()
            self.planner.restart()
            self._search(again=True)
        else:
            self.play(estimate, by_button=by_button)

    def go_on(self, *, by_button: bool = True) -> None:
        """Let the music play, or go on with what was last; if nothing was, play for a neutral mood."""
        estimate = self.state.last_estimate(self._ownership.last_estimate)
        if self.state.mode is ControlMode.CHANGING:
            self._want(self.state.estimate or estimate, by_button)
            self._search()  # MPD may have refused the songs, or none may have been allowed
        elif self._own_song("play") or self._own_song("pause"):
            self._want(estimate, by_button)
            self.state = self.state.steered()
            self.controls.resume()
        else:
            self.play(estimate, by_button=by_button)

    def _want(self, estimate: MoodEstimate, by_button: bool) -> None:
        self.state = self.state.wanting(estimate, by_button=by_button)
        if by_button:
            self._mpd.report()

    def _own_song(self, state: str) -> bool:
        """Whether a song of the box is in this state, and neither to be replaced nor taken over."""
        stays = self.state.mode in (ControlMode.FILLING, ControlMode.IDLE)
        return stays and self._ownership.is_current(self.snapshot, state)

    def play_again(self) -> bool:
        """Play for what the music was chosen last. Returns False if nothing was wanted yet."""
        if self.state.estimate:
            self.play(self.state.estimate)
        return self.state.estimate is not None

    def change_style(self, style: settings.Style) -> None:
        """Choose the songs after the present one again, for another style."""
        self.planner.change_style(style)
        if self.snapshot:
            self._set_ownership(self._ownership.outdated(self.snapshot))
            self._changed(self.snapshot)

    def skip(self) -> bool:
        """Go on to the next song, even from one that is paused. Returns False if there is nothing to skip.

        A song of somebody else, too: nothing is learned from it. After the last one, the box's music plays.
        """
        if self.snapshot is None or self.snapshot.current is None or self.snapshot.state == "stop":
            return False
        if self.snapshot.next is None and not self._own_song(self.snapshot.state):
            self.go_on()
        else:
            self._learner.skip()
            self._mpd.skip(self.snapshot.current)
        return True

    def handle(self, event: events.MpdEvent | SongTableUpdated) -> None:
        """Handle an event of the MPD worker or the library scanner."""
        match event:
            case events.MpdConnected(snapshot, started):
                self._connected(snapshot, started)
            case events.MpdDisconnected(reason):
                self._health.report(Part.PLAYER, reason)
                self._learner.disconnected()
                self.snapshot = None
            case events.MpdChanged(snapshot, reported):
                self._changed(snapshot)
                self.state = self.state.reported() if reported else self.state
            case events.SongsFound(estimate, playlist, likes):
                self.state = self.state.search_ended()
                self.planner.likes = likes
                if estimate == self.state.estimate:
                    self._queue_songs(estimate, playlist)
            case events.SongsQueued(estimate, entries, play):
                self._queued(estimate, entries, play=play)
            case events.SongsRefused(estimate, reason, play):
                self._set_ownership(self._ownership.confirmed(()))
                self._health.report(Part.LIBRARY, reason)
                if self._answers_change(play):
                    self.planner.restart()
                    if estimate != self.state.estimate:
                        self._search(again=True)
            case SongTableUpdated():
                self._library = event
                self._learner.table = event.table
                self._search_again()
            case events.LibraryChanged(songs):
                self.planner.try_all_again()
                if songs:
                    self._scanner.wake(changed=True)
                self._search_again()

    # What MPD reports

    def _connected(self, snapshot: Snapshot, started: float) -> None:
        if self._health.clear(Part.PLAYER):
            log.info("MPD is reachable again")
        self._scanner.wake()
        before, self.state = self.state, self.state.connected()
        self._set_ownership(self._ownership.recovered(snapshot, started))
        self._take(snapshot, joined=True)
        foreign = self._ownership.plays_foreign(snapshot, self.planner.history)
        if foreign and not (self._ownership.entries if self.state.is_filling else self.state.button_pressed):
            self._yield(before.reports_pending)
        elif self.state.is_filling:
            if snapshot.state == "stop" and not snapshot.single:
                self._start_change()
            elif before.reports_pending:  # a press, whose request is lost; MPD may have come back paused
                self.controls.resume()
        elif self.state.mode is ControlMode.CHANGING:
            self._start_change()
        elif self._music.at_start and self.state.estimate is None:
            self.go_on(by_button=False)

    def _changed(self, snapshot: Snapshot) -> None:
        before, asked, own = self.snapshot, self._ownership, self._ownership.entries
        self._take(snapshot)
        if before is None or self.state.has_yielded:
            return
        if asked.removed_at_once(before, snapshot) and self.state.is_filling:
            self.state = self.state.queue_ended(broken=False)
            self.planner.set_aside({entry.uri for entry in own}, others_taken=False)
            self._search(again=True)
        elif taken_over(before, snapshot, own):
            self._yield(self.state.reports_pending)
        elif self.state.estimate and self.state.mode is not ControlMode.CHANGING:
            self._keep_playing(before, snapshot, ended=bool(own) and played_to_end(before, snapshot))

    def _keep_playing(self, before: Snapshot, snapshot: Snapshot, *, ended: bool) -> None:
        broken = self.state.is_filling and snapshot.state == "stop" and bool(snapshot.error)
        if broken and self.state.failures >= MAX_FAILURES and snapshot != before:
            return  # until MPD has been so for a while: the disk of the songs may be back then
        if ended or broken:
            self.state = self.state.queue_ended(broken=broken)
            self._search()
            return
        playing = snapshot.state == "play"
        self.state = self.state.followed(playing=playing, advanced=advanced(before, snapshot))
        coming = self._ownership.upcoming_for(self.state.estimate, snapshot)
        if snapshot.state != "stop" and len(coming) < self.planner.least_coming:
            self._search()

    def _take(self, snapshot: Snapshot, *, joined: bool = False) -> None:
        self._learner.follow(snapshot, self._ownership, joined=joined)
        self.snapshot = snapshot
        self._set_ownership(self._ownership.among(snapshot))
        if snapshot.error:
            # It comes and goes each time that MPD's sound is tried again: not for the log.
            self._health.report(Part.PLAYER, f"MPD says: {snapshot.error}", level=logging.DEBUG)
        else:
            self._health.clear(Part.PLAYER)

    def _yield(self, presses: int) -> None:
        """Leave the music to somebody else, unless `presses` since then take it back."""
        if not presses:
            self.state = self.state.yielded()
            log.info("somebody else plays music: the box waits for a press of its button")
        elif self.state.mode is not ControlMode.CHANGING:
            self._start_change()

    # What MPD is asked to play

    def _start_change(self) -> None:
        self.state = self.state.change_started(edit_pending=bool(self._ownership.asked))
        self.planner.restart()
        self._search(again=True)

    def _search(self, *, again: bool = False) -> None:
        """Ask for what the next songs depend on; `again`: even while an answer is pending."""
        estimate = self.state.estimate
        if estimate and (again or not self.state.search_pending):
            self.state = self.state.search_started()
            self._mpd.find(estimate)

    def _search_again(self) -> None:
        """Songs that were not available may be now."""
        if self.state.estimate and (self.state.library_pending or Part.LIBRARY in self._health):
            self.state = self.state.library_arrived()
            self._search(again=True)

    def _queue_songs(self, estimate: MoodEstimate, playlist: Sequence[str]) -> None:
        if self._ownership.asked or self.state.has_yielded or self.snapshot is None:
            return  # an edit is pending, whose answer continues from here; or nothing is wanted of MPD
        if not playlist and not self.table:
            self._no_songs()
        elif self.state.mode is ControlMode.CHANGING:
            self._replace(estimate, playlist, self.snapshot)
        else:
            self._health.clear(Part.LIBRARY)
            self._fill(estimate, playlist, self.snapshot)

    def _replace(self, estimate: MoodEstimate, playlist: Sequence[str], snapshot: Snapshot) -> None:
        plan = self.planner.plan(estimate, self.table, playlist, self._music.handful)
        if not plan.songs:
            self._no_songs()
            return
        log.info("%d songs of %d in %s, for %s (%s)", *plan.counts(estimate))
        self._learner.interrupt(self._ownership)  # a song that MPD has begun since the change was wanted
        self._set_ownership(self._ownership.with_request(estimate, plan.uris, snapshot))
        self._mpd.play(estimate, plan.uris, instead_of=self._ownership.entries)

    def _fill(self, estimate: MoodEstimate, playlist: Sequence[str], snapshot: Snapshot) -> None:
        current, coming = snapshot.current, self._ownership.upcoming_for(estimate, snapshot)
        missing = self._music.handful - len(coming)
        plan = self.planner.plan(estimate, self.table, playlist, missing, current=current, upcoming=coming)
        if plan.songs:
            others = [entry for entry in self._ownership.entries if entry not in (*coming, current)]
            self._set_ownership(self._ownership.with_request(estimate, plan.uris, snapshot))
            self._mpd.append(estimate, plan.uris, instead_of=others)

    def _queued(self, estimate: MoodEstimate, entries: Sequence[Entry], *, play: bool) -> None:
        """MPD has queued these songs. Those that it refused are set aside, and others are asked for."""
        goes_on = self.planner.set_aside(self._ownership.refused(entries), others_taken=bool(entries))
        self._set_ownership(self._ownership.confirmed(entries))
        answers = self._answers_change(play)
        if not entries and (goes_on or estimate != self.state.estimate):
            self._search(again=True)
        elif not entries:
            self._no_songs()
        elif answers:
            self._health.clear(Part.LIBRARY)
            self.state = self.state.change_completed()

    def _answers_change(self, play: bool) -> bool:
        """Whether MPD's answer is to the change that is wanted; a change that was deferred follows now."""
        if self.state.mode is not ControlMode.CHANGING:
            return False
        if play and not self.state.change_deferred:
            return True
        self.state = self.state.change_resumed()
        self.planner.restart()
        self._search(again=True)
        return False

    def _no_songs(self) -> None:
        if self._library.complete:
            self._health.report(Part.LIBRARY, self.planner.why_none(len(self.table)))
        else:
            self.state = self.state.library_missing()

    def _set_ownership(self, ownership: QueueOwnership) -> None:
        if ownership != self._ownership:
            self._ownership = ownership
            self._memory.keep(lambda memory: memory.keep_ownership(ownership))
