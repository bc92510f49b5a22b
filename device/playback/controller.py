"""What should play, and what to ask of the player so that it does. Runs on the box's one consumer."""

from __future__ import annotations

import logging
from enum import StrEnum

import numpy as np

from device.config import settings
from device.health import Health, Part
from device.library.scanner import LibraryScanner, SongTableUpdated
from device.library.table import EMPTY_TABLE, SongTable
from device.mood import Mood
from device.mpd.snapshot import Snapshot, ahead, moved_on, played_to_end, taken_over
from device.playback import mpd_worker as player
from device.playback.guarded_memory import GuardedMemory
from device.playback.learner import Learner
from device.playback.memory import Memory
from device.playback.ownership import QueueOwnership
from device.playback.planner import REMEMBERED, Planner

log = logging.getLogger(__name__)

MOST_FAILURES = 3
EMPTY = "MPD's library has no songs: put music into its folder, then `mpc update`"


class ControlMode(StrEnum):
    """How the box stands to the music."""

    QUIET = "quiet"  # no mood is wanted yet, or somebody has paused or stopped the music
    CHANGING = "changing"  # the wanted mood's songs do not play yet
    KEEPING = "keeping"  # they play, and the queue is kept filled
    BACK = "back"  # somebody has made the music theirs: nothing is done until the button is pressed


class PlaybackController:
    """Holds the mood that is wanted, and which entries of MPD's queue are the box's own.

    health: gets what keeps the music from playing (of player, library and storage).
    snapshot: None while MPD is away.
    shelf: the library's songs as far as they are known; None until the first of them are.
    """

    def __init__(
        self,
        music: settings.Music,
        link: player.MpdWorker,
        scanner: LibraryScanner,
        memory: Memory,
        chance: np.random.Generator,
        health: Health,
    ) -> None:
        self._health = health
        self._music = music
        self._mpd = link
        self._scanner = scanner
        self._memory = GuardedMemory(memory, health)
        self._planner = Planner(music, self._memory, chance)
        self._learner = Learner(self._memory, link.count)
        self._ownership = self._memory.recall(Memory.ownership) or QueueOwnership()
        self._invited = False  # the button was pressed since the box has started
        self._finding = False  # the player was asked for what it takes to choose songs
        self._once_more = False  # a mood was wanted while MPD had its hands full
        self._waiting = False  # no song is known yet
        self._complete = False  # the whole library is on the shelf
        self._failures = 0  # songs in a row that MPD could not play, at the queue's end
        self.control_mode = ControlMode.QUIET
        self.wanted: Mood | None = None
        self.snapshot: Snapshot | None = None
        self.table: SongTable | None = None

    def play(self, mood: Mood, *, invited: bool = True) -> None:
        """Songs for `mood` from now on, in place of what the box had queued.

        invited: somebody has pressed the button, so that the music is the box's again if it was not.
        """
        self.wanted = mood
        self._invited |= invited
        if self.control_mode is ControlMode.BACK and not invited:
            return
        self._learner.break_off(self._ownership)
        self._change()

    def toggle(self) -> None:
        """Pauses, or goes on."""
        if self.snapshot is None:
            return
        if self.snapshot.state != "stop":
            self._mpd.pause(self.snapshot.state == "play")
        elif self.wanted:
            self.play(self.wanted)

    def skip(self) -> bool:
        """The next song, and that plays even if this one was paused. False if there is none to skip.

        A song of somebody else is skipped as well, and nothing is learned from it.
        """
        current = self.snapshot.current if self.snapshot and self.snapshot.state != "stop" else None
        if current is None:
            return False
        self._learner.break_off(self._ownership, skipped=True)
        self._mpd.skip(current)
        return True

    def hear(self, event: player.MpdEvent | SongTableUpdated) -> None:
        """Takes what the player's and the librarian's threads have posted."""
        match event:
            case player.MpdConnected(snapshot, started):
                self._up(snapshot, started)
            case player.MpdDisconnected(reason):
                self._down(reason)
            case player.MpdChanged(snapshot):
                self._changed(snapshot)
            case player.SongsFound(mood, picked, likes):
                self._finding = False
                self._planner.likes = likes
                if mood is self.wanted:
                    self._found(mood, picked)
            case player.SongsQueued(mood, entries, play):
                self._hold(self._ownership.answered(entries))
                if self._has_tried(mood, play):
                    self._health.clear(Part.LIBRARY)
                    self.control_mode = ControlMode.KEEPING
            case player.SongsRefused(mood, reason, play):
                self._hold(self._ownership.answered(()))
                if self._has_tried(mood, play):
                    self._planner.begin()
                self._cannot(reason)
            case SongTableUpdated(table, complete):
                self.table, self._complete = table, complete
                self._learner.table = table
                self._look_again()
            case player.LibraryChanged(songs):
                if songs:
                    self._scanner.wake(changed=True)
                self._look_again()

    # What MPD shows

    def _up(self, snapshot: Snapshot, started: float) -> None:
        if self._health.clear(Part.PLAYER):
            log.info("MPD is back")
        self._scanner.wake()
        self._finding = False
        self._hold(self._ownership.found_again(snapshot, started))
        self._take(snapshot, joined=True)
        if self.control_mode is ControlMode.KEEPING:
            if snapshot.state == "stop" and not snapshot.single:
                self._change()
        elif not self._invited and self._plays_theirs(snapshot):
            self._step_back()
        elif self.control_mode is ControlMode.CHANGING:
            self._change()

    def _plays_theirs(self, snapshot: Snapshot) -> bool:
        """Whether somebody else's song plays, and none of ours from before a cut of power."""
        current = snapshot.current
        if snapshot.state != "play" or current is None or current in self._ownership.entries:
            return False
        return current.uri not in self._memory.played(REMEMBERED)

    def _down(self, reason: str) -> None:
        self._health.report(Part.PLAYER, reason)
        self.snapshot = None
        self._learner.lose()

    def _changed(self, snapshot: Snapshot) -> None:
        before, own = self.snapshot, self._ownership.entries
        self._take(snapshot)
        if before is None or self.control_mode is ControlMode.BACK:
            return
        if taken_over(before, snapshot, own):
            self._step_back()
        elif self.wanted and self.control_mode is not ControlMode.CHANGING:
            self._keep_playing(before, snapshot, ended=bool(own) and played_to_end(before, snapshot))

    def _keep_playing(self, before: Snapshot, snapshot: Snapshot, *, ended: bool) -> None:
        broken = (
            snapshot.state == "stop" and bool(snapshot.error) and self.control_mode is ControlMode.KEEPING
        )
        if broken and self._failures == MOST_FAILURES:
            return
        if ended or broken:
            self._failures += broken
            self.control_mode = ControlMode.CHANGING
            self._find()
            return
        self.control_mode = ControlMode.KEEPING if snapshot.state == "play" else ControlMode.QUIET
        if moved_on(before, snapshot):
            self._failures = 0
        half = (self._music.handful + 1) // 2
        if snapshot.state != "stop" and len(ahead(self._ownership.entries, snapshot)) < half:
            self._find()

    def _take(self, snapshot: Snapshot, *, joined: bool = False) -> None:
        self._learner.follow(snapshot, self._ownership, joined=joined)
        before = self.snapshot.current if self.snapshot else None
        self.snapshot = snapshot
        self._hold(self._ownership.among(snapshot))
        if snapshot.error:
            # It comes and goes each time that MPD's sound is tried again: not for the log.
            self._health.report(Part.PLAYER, f"MPD says: {snapshot.error}", level=logging.DEBUG)
        else:
            self._health.clear(Part.PLAYER)
        current = snapshot.current
        if current is None or current == before or current not in self._ownership.entries:
            return
        if self._memory.played(1) != (current.uri,):
            log.info("song: %s", snapshot.title, extra={"MOODBOX_SONG": current.uri})
            self._memory.keep(lambda memory: memory.keep_played(current.uri))

    def _step_back(self) -> None:
        self.control_mode = ControlMode.BACK
        log.info("the music is somebody else's now: it is left alone until the button is pressed")

    # What it wants MPD to play

    def _change(self) -> None:
        self.control_mode = ControlMode.CHANGING
        self._planner.begin()
        self._failures = 0
        self._once_more = bool(self._ownership.asked)
        self._find(again=True)

    def _find(self, *, again: bool = False) -> None:
        if self.wanted and (again or not self._finding):
            self._finding = True
            self._mpd.find(self.wanted)

    def _look_again(self) -> None:
        """Songs that could not be had may be there now."""
        if self.wanted and (self._waiting or Part.LIBRARY in self._health):
            self._waiting = False
            self._find(again=True)

    def _found(self, mood: Mood, picked: tuple[str, ...]) -> None:
        if self._ownership.asked or self.control_mode is ControlMode.BACK or self.snapshot is None:
            return  # MPD has its hands full, and tells when it is done; or nothing is wanted of it
        table = self.table
        if picked:
            table = (table or EMPTY_TABLE).only(picked)
        if not table:
            if self._complete:
                self._cannot(EMPTY)
            else:
                self._waiting = True  # for the librarian, who has just begun
        elif self.control_mode is ControlMode.CHANGING:
            self._replace(mood, table, self.snapshot, picked=bool(picked))
        else:
            self._health.clear(Part.LIBRARY)
            self._fill(mood, table, self.snapshot, picked=bool(picked))

    def _replace(self, mood: Mood, table: SongTable, snapshot: Snapshot, *, picked: bool) -> None:
        handful = self._music.handful
        uris = self._planner.songs(mood, table, handful, current=None, coming=(), picked=picked)
        source = f"the playlist {mood}" if picked else "the library"
        log.info("%d songs for %s, of %d in %s", len(uris), mood, len(table), source)
        self._hold(self._ownership.asking(mood, uris, snapshot))
        self._mpd.play(mood, uris, instead_of=self._ownership.entries)

    def _fill(self, mood: Mood, table: SongTable, snapshot: Snapshot, *, picked: bool) -> None:
        coming = ahead(self._ownership.entries, snapshot)
        current, missing = snapshot.current, self._music.handful - len(coming)
        uris = self._planner.songs(mood, table, missing, current=current, coming=coming, picked=picked)
        if uris:
            played = [entry for entry in self._ownership.entries if entry not in (*coming, current)]
            self._hold(self._ownership.asking(mood, uris, snapshot))
            self._mpd.append(mood, uris, instead_of=played)

    def _has_tried(self, mood: Mood, play: bool) -> bool:
        """Whether MPD's answer is to what is wanted; if that is something else by now, it comes next."""
        if self.control_mode is not ControlMode.CHANGING:
            return False
        if play and mood is self.wanted and not self._once_more:
            return True
        self._once_more = False
        self._planner.begin()
        self._find(again=True)
        return False

    def _cannot(self, reason: str) -> None:
        """It is tried again when the library has changed, or at the next press."""
        self._health.report(Part.LIBRARY, reason)

    def _hold(self, ownership: QueueOwnership) -> None:
        if ownership != self._ownership:
            self._ownership = ownership
            self._memory.keep(lambda memory: memory.keep_ownership(ownership))
