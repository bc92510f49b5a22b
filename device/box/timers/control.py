"""Sets the timers, follows what somebody does meanwhile, and does what is due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from device.box.commands.reply import Actions, Reply
from device.box.loop import Loop
from device.box.state import StateHolder
from device.config.minute_of_day import minute_of
from device.control import protocol, room_commands, timer_commands
from device.control.server import Request
from device.mpd.snapshot import Snapshot
from device.panel.button import Gesture
from device.panel.controls import ControlPressed, VolumeTurned
from device.playback.controller import PlaybackController
from device.playback.guarded_memory import GuardedMemory
from device.timers import kept, row
from device.timers.clock import read_clock
from device.timers.now import Now
from device.timers.state import NO_TIMERS, Timers
from device.timers.steps import Begin, Missed, Music, Pause, SetVolume, Step
from device.timers.time_of_day import following
from device.timers.words import iso, status_words

log = logging.getLogger(__name__)

PRESSES = (Gesture.SINGLE_PRESS, Gesture.DOUBLE_PRESS)
REQUESTS_OF_LISTENERS = (
    protocol.Press, protocol.Skip, protocol.Play, protocol.SetMood, protocol.Was, room_commands.RoomLook,
)  # fmt: skip
NO_TIME = "no time is known yet: moodbox wake 7:30"
NOT_KEPT = "set, but only until the box starts again: `moodbox status` says why"
NO_MIXER = "MPD has no volume, so the music pauses and begins at once, without a fade"
CLOCK_NOT_SET = (
    "the Pi's clock was not set by the network yet, and until then no music begins: `timedatectl` says more"
)
MISSED = (
    "no music begins for the wake time (%s) any more: for minutes after it MPD was not reachable, "
    "the box was off, or its clock was not set"
)


class TimerControl:
    """The timers of a running box. Used by the loop's thread alone."""

    def __init__(
        self,
        loop: Loop[Any],
        state: StateHolder,
        playback: PlaybackController,
        memory: GuardedMemory,
        elsewhere: str,
        clock: Callable[[], Now] | None = None,
    ) -> None:
        """Read what was set before a restart.

        Args:
            loop: Calls when something is due.
            state: Holds the timers.
            playback: Plays the music.
            memory: Keeps what is set.
            elsewhere: The box that this one plays along with; "" if it plays itself.
            clock: Returns the present moment; the machine's by default.
        """
        self._loop = loop
        self._state = state
        self._playback = playback
        self._memory = memory
        self._elsewhere = elsewhere
        self._clock = clock or read_clock
        self._seen: Snapshot | None = None
        self._row = memory.recall(row.read)
        if self._row and not elsewhere:
            state.change(timers=kept.timers_of(self._row, self._clock()))
            loop.schedule_in(self._check, 0)

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {timer_commands.Sleep: self._sleep, timer_commands.Wake: self._wake}

    @property
    def _timers(self) -> Timers:
        return self._state.value.timers or NO_TIMERS

    # What somebody asks for

    def _sleep(self, command: timer_commands.Sleep) -> Reply:
        if self._elsewhere:
            return self._refusal()
        now, is_kept = self._clock(), True
        if command.minutes is not None:
            log.info("sleep timer: %s", f"{command.minutes} min" if command.minutes else "off")
            is_kept = self._advance(self._timers.sleeping(command.minutes, now), now)
        words = status_words(self._timers)
        set_now = {key: words[key] for key in ("sleep", "sleep_minutes")}
        return self._answer(is_kept, set_now, [NO_MIXER] if self._timers.sleep and self._has_no_mixer else [])

    def _wake(self, command: timer_commands.Wake) -> Reply:
        if self._elsewhere:
            return self._refusal()
        now, timers, is_kept = self._clock(), self._timers, True
        if command.to in ("on", "off"):
            if command.to == "on" and timers.wake is None:
                return {"error": NO_TIME}
            timers = timers.switched(now, on=command.to == "on")
        elif command.to is not None and (minute := minute_of(command.to)) is not None:
            timers = timers.waking(minute, now, once=bool(command.once))
        if command.to is not None:
            log.info("wake: %s%s", command.to, " once" if command.once else "")
            is_kept = self._advance(timers, now)
        wake = self._timers.wake
        words = status_words(self._timers)
        is_on = wake is not None and wake.on
        set_now = {key: words[key] for key in ("wake", "wake_on", "wake_once")}
        set_now["wake_next"] = iso(following(wake.minute, now.wall, now.zone)) if wake and is_on else None
        notes = {NO_MIXER: self._has_no_mixer, CLOCK_NOT_SET: not now.is_set} if is_on else {}
        return self._answer(is_kept, set_now, [note for note, applies in notes.items() if applies])

    def _answer(self, is_kept: bool, set_now: dict[str, Any], notes: list[str]) -> Reply:
        if not is_kept:
            return {"error": NOT_KEPT}
        return {"ok": True, **set_now, "notes": notes}

    def _refusal(self) -> Reply:
        return {"error": f"this box plays along with {self._elsewhere}: set its timers there"}

    @property
    def _has_no_mixer(self) -> bool:
        snapshot = self._playback.snapshot
        return snapshot is not None and snapshot.volume is None

    # What somebody does meanwhile

    def notice(self, event: object) -> None:
        """Look at an event or a gesture before it is handled: a fade ends by what somebody does."""
        if self._timers.before is None:
            return
        now = self._clock()
        match event:
            case Gesture() if event in PRESSES:
                self._advance(self._timers.touched(now), now)
            case ControlPressed():
                self._advance(self._timers.touched(now), now)
            case Request(command=command) if isinstance(command, REQUESTS_OF_LISTENERS):
                self._advance(self._timers.touched(now), now)
            case VolumeTurned(stops):
                self._advance(self._timers.volume_taken(louder=stops > 0), now)
            case Request(command=protocol.Volume(to=to, steps=steps)) if (to, steps) != (None, None):
                louder = to > (self._timers.asked or 0) if to is not None else (steps or 0) > 0
                self._advance(self._timers.volume_taken(louder=louder), now)

    def follow(self) -> None:
        """See what has become of the music, once a turn of the loop."""
        before, self._seen = self._seen, self._playback.snapshot
        if self._seen is before or self._timers.is_idle:
            return
        now, timers = self._clock(), self._timers
        if before and self._seen:
            volume = self._seen.volume
            if before.state == "play" and self._seen.state == "pause":
                timers = timers.paused(now)
            elif volume is not None and volume != before.volume and not timers.explains(volume, now):
                timers = timers.volume_taken(louder=volume > (timers.asked or 0))
        self._advance(timers, now)

    # What is due

    def _check(self) -> None:
        self._advance(self._timers, self._clock())

    def _advance(self, timers: Timers, now: Now) -> bool:
        """Do what is due. Returns whether a restart would find the timers as they are now."""
        snapshot = self._playback.snapshot
        music = Music(snapshot.state == "play", snapshot.volume) if snapshot else None
        timers, steps = timers.advance(now, music)
        self._state.change(timers=timers)
        is_kept = self._keep(timers)  # before the volume changes: a power cut must not leave the box silent
        for step in steps:
            self._do(step)
        self._loop.schedule_in(self._check, timers.next_check(now) - now.monotonic)
        return is_kept

    def _keep(self, timers: Timers) -> bool:
        wanted = kept.row_of(timers)
        if wanted != self._row:
            self._row = wanted if self._memory.keep(lambda memory: kept.keep(memory, timers)) else None
        return self._row == wanted

    def _do(self, step: Step) -> None:
        match step:
            case SetVolume(percent):
                self._playback.controls.set_volume(percent)
            case Pause():
                log.info("the sleep timer pauses the music")
                self._playback.controls.pause()
            case Begin():
                log.info("it is time to wake up: music begins")
                self._playback.go_on()
            case Missed(due):
                log.info(MISSED, iso(due))
