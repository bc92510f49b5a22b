"""The sleep timer and the wake time: a frozen value with named transitions, without a clock or a player.

`advance` says what has to be done by now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from device.timers.fade import LAG_S, TOLERANCE, Fade
from device.timers.now import Now
from device.timers.steps import Begin, Missed, Music, Pause, SetVolume, Step
from device.timers.time_of_day import following, latest
from device.timers.wake_time import WakeTime

FADE_OUT_S = 60.0
RISE_S = 180.0
SOFTEST = 5  # percent: the volume with which the music begins
RESTORE_S = 1.0  # after the pause, so that the last sound is not heard at the volume of before
CONFIRM_S = 2.0  # until MPD should have reported the volume of before
MAX_RESTORES = 3  # a mixer, or the highest volume of the settings, may allow less than before
NEARLY_SILENT = 10  # percent: nobody chooses such a volume for the next day by turning down what fades
CHECK_S = 60.0  # nobody says that the wall's clock has jumped
DRIFT_S = 2.0


@dataclass(frozen=True)
class SleepTimer:
    """When the music pauses.

    Attributes:
        minutes: What somebody has set.
        ends: In monotonic seconds.
        until: The same in seconds since the epoch, for a restart.
    """

    minutes: int
    ends: float
    until: float


@dataclass(frozen=True)
class Timers:
    """What is set, and the fade that goes on.

    Attributes:
        sleep: The sleep timer; None if it is off.
        wake: The wake time, which stays known while it is off.
        before: The volume that comes back once the fade is over; None if none has to.
        fade: The present fade.
        asked: The volume that the fade has asked for last.
        lowest: The lowest that was asked for since `before`, and not less than NEARLY_SILENT: somebody else
            has set what is below that. It is kept at each step, before MPD is asked for it: nothing else says
            after a power cut how far the fade had come. If one was kept some steps ahead, a volume that
            somebody has turned down would pass for the fade's; if late, the fade's own for somebody's.
        restore_at: When `before` comes back, in monotonic seconds.
        restores: How often `before` was set without a report of it. It stays known until then: what is set
            is lost if MPD, the box, or its power fails at that moment.
    """

    sleep: SleepTimer | None = None
    wake: WakeTime | None = None
    before: int | None = None
    fade: Fade | None = None
    asked: int | None = None
    lowest: int | None = None
    restore_at: float = 0.0
    restores: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing can become due."""
        return self.sleep is None and self.before is None and not (self.wake and self.wake.on)

    # What somebody sets

    def sleeping(self, minutes: int, now: Now) -> Timers:
        """Pause the music after so many minutes; 0 for never. Also a fade that goes on has an end by that."""
        timers = self.touched(now) if self.fade and self.fade.is_down else self
        seconds = 60.0 * minutes
        timer = SleepTimer(minutes, now.monotonic + seconds, now.wall + seconds)
        return replace(timers, sleep=timer if minutes else None)

    def waking(self, minute: int, now: Now, *, once: bool = False) -> Timers:
        """Begin with music at this time of day. One that has passed just now is meant for tomorrow."""
        answered = now.wall if now.is_set else 0.0
        return replace(self, wake=WakeTime(minute, once=once, answered=answered, since=now.monotonic))

    def switched(self, now: Now, *, on: bool) -> Timers:
        """Switch the wake time that is known on or off."""
        if self.wake is None or (on and self.wake.on):
            return self
        # One for once is off as soon as it begins; switched off then, it must not go on after a restart.
        if not (on or now.is_set):
            return replace(self, wake=replace(self.wake, on=False))
        answered = now.wall if now.is_set else 0.0
        return replace(self, wake=replace(self.wake, on=on, answered=answered, since=now.monotonic))

    # What somebody does meanwhile

    def touched(self, now: Now) -> Timers:
        """Somebody is there and wants music: it is as loud as before at once, and does not pause."""
        if self.before is None:
            return self
        sleep = None if self.fade and self.fade.is_down else self.sleep
        return replace(self, fade=None, sleep=sleep, restore_at=now.monotonic, restores=0)

    def volume_taken(self, *, louder: bool) -> Timers:
        """Somebody has changed the volume, and it stays so. Who makes fading music louder still listens.

        Who turns down what is nearly silent already does not choose that volume for the next day.
        """
        if self.before is None:
            return self
        is_near_the_end = self.fade is not None and self.fade.is_down and (self.asked or 0) <= NEARLY_SILENT
        if self.sleep and is_near_the_end and not louder:
            return replace(self, fade=None, restore_at=self.sleep.ends + RESTORE_S)
        sleep = None if self.fade and self.fade.is_down and louder else self.sleep
        return replace(self, fade=None, before=None, lowest=None, sleep=sleep)

    def paused(self, now: Now) -> Timers:
        """Somebody has paused the music."""
        return replace(self, sleep=None, fade=None, restore_at=now.monotonic + RESTORE_S, restores=0)

    def is_somebodys(self, volume: int | None) -> bool:
        """Whether somebody must have set this volume while the box was not running: no fade was there.

        What lies between may be an older volume of the fade, with which MPD comes back after a power cut.
        """
        if volume is None or self.before is None:
            return False
        is_softer = (self.lowest or 0) > NEARLY_SILENT and volume < (self.lowest or 0) - TOLERANCE
        return is_softer or volume > self.before + TOLERANCE

    def is_in_last_minute(self, now: Now) -> bool:
        """Whether the sleep timer pauses the music soon, or should have done so already."""
        return self.sleep is not None and self.sleep.ends - now.monotonic <= FADE_OUT_S

    def explains(self, volume: int, now: Now) -> bool:
        """Whether MPD may report this volume although nobody has changed it."""
        if self.fade is None:
            return True
        is_late_report = volume == self.before and now.monotonic - self.fade.began < LAG_S
        was_asked = self.asked is not None and abs(volume - self.asked) <= TOLERANCE
        return is_late_report or was_asked or self.fade.explains(volume, now.monotonic)

    # What time does

    def advance(self, now: Now, music: Music | None) -> tuple[Timers, tuple[Step, ...]]:
        """Return the value after all that is due, and what has to be done, in this order.

        music: None while the player is not reachable: it does nothing then, and later if it is not too late.
        """
        timers, missed = _miss(_with_sleep_by(self, now), now)
        steps: list[Step] = [*missed]
        if music:
            for follow in (_leave, _wake, _sleep, _fade, _restore):
                timers, step = follow(timers, now, music)
                steps += step
        return timers, tuple(steps)

    def next_check(self, now: Now) -> float:
        """When `advance` has to be called next, in monotonic seconds; infinite for never."""
        moments = [self.fade.next_change(now.monotonic)] if self.fade else []
        if self.sleep:
            moments += [self.sleep.ends - FADE_OUT_S, self.sleep.ends, now.monotonic + CHECK_S]
        moments.append(self.restore_at)
        if self.wake and self.wake.on:
            seconds = following(self.wake.minute, now.wall, now.zone) - now.wall
            moments.append(now.monotonic + min(seconds, CHECK_S))
        return min((moment for moment in moments if moment > now.monotonic), default=math.inf)


NO_TIMERS = Timers()
Followed = tuple[Timers, tuple[Step, ...]]


def _with_sleep_by(timers: Timers, now: Now) -> Timers:
    """Keep the end in the wall's seconds right, although that clock has jumped."""
    if timers.sleep is None:
        return timers
    until = now.wall + timers.sleep.ends - now.monotonic
    if abs(until - timers.sleep.until) <= DRIFT_S:
        return timers
    return replace(timers, sleep=replace(timers.sleep, until=until))


def _miss(timers: Timers, now: Now) -> Followed:
    """Give up a wake time that nothing has answered: one for once must not come a day late."""
    if timers.wake is None:
        return timers, ()
    wake = timers.wake.by(now)
    due = wake.missed(now)
    if due is None:
        return replace(timers, wake=wake), ()
    wake = replace(wake.counted_from(due, now), on=not wake.once)
    return replace(timers, wake=wake), (Missed(due),)


def _leave(timers: Timers, _: Now, music: Music) -> Followed:
    """Leave a volume alone that somebody has set while the box was not running."""
    if timers.fade or not timers.is_somebodys(music.volume):
        return timers, ()
    return replace(timers, before=None, lowest=None, restores=0), ()


def _sleep(timers: Timers, now: Now, music: Music) -> Followed:
    if timers.sleep is None:
        return timers, ()
    ends = timers.sleep.ends
    if now.monotonic >= ends:
        return timers.paused(now), (Pause(),) if music.playing else ()
    is_fading = timers.fade is not None and timers.fade.is_down
    if not (music.playing and music.volume) or is_fading or not timers.is_in_last_minute(now):
        return timers, ()
    before = music.volume if timers.before is None else timers.before
    fade = Fade.between(music.volume, 0, now.monotonic, ends)
    return replace(timers, before=before, fade=fade, asked=music.volume), ()


def _wake(timers: Timers, now: Now, music: Music) -> Followed:
    wake = timers.wake
    if wake is None or not wake.is_due(now):
        return timers, ()
    if music.playing and now.monotonic < timers.restore_at:  # MPD has not yet reported that it is paused
        return timers, ()
    is_ending = timers.is_in_last_minute(now)
    was_cut_off = timers.before is not None and timers.fade is None and timers.sleep is None
    due = latest(wake.minute, now.wall, now.zone)
    timers = replace(timers, wake=replace(wake.counted_from(due, now), on=not wake.once))
    if is_ending:  # who has to get up is not left with its silence
        timers = replace(timers.touched(now) if music.playing else timers, sleep=None)
    if music.playing and not was_cut_off:
        return timers, ()
    volume = music.volume if timers.before is None else timers.before
    begin = () if music.playing else (Begin(),)
    if volume is None or volume <= SOFTEST:
        return timers, begin
    softest = SOFTEST if begin or music.volume is None else min(volume, max(SOFTEST, music.volume))
    rise = Fade.between(softest, volume, now.monotonic, now.monotonic + RISE_S)
    return replace(timers, before=volume, fade=rise, asked=softest), (SetVolume(softest), *begin)


def _fade(timers: Timers, now: Now, music: Music) -> Followed:
    fade = timers.fade
    if fade is None:
        return timers, ()
    level = fade.level(now.monotonic)
    steps = (SetVolume(level),) if level != timers.asked else ()
    lowest = max(NEARLY_SILENT, level if timers.lowest is None else min(timers.lowest, level))
    timers = replace(timers, asked=level, lowest=lowest)
    if fade.is_over(now.monotonic) and not fade.is_down:
        timers = replace(timers, fade=None, before=None, lowest=None)
    return timers, steps


def _restore(timers: Timers, now: Now, music: Music) -> Followed:
    if timers.before is None or timers.fade:
        return timers, ()
    is_back = timers.restores and music.volume is not None and music.volume >= timers.before - TOLERANCE
    if is_back:
        return replace(timers, before=None, lowest=None, restores=0), ()
    if now.monotonic < timers.restore_at or music.volume is None:  # for the moment it cannot be set
        return timers, ()
    if timers.is_in_last_minute(now) and music.playing:  # silent already: it must not be loud once more
        return timers, ()
    if timers.restores == MAX_RESTORES:
        return replace(timers, before=None, lowest=None, restores=0), ()
    again_at = now.monotonic + CONFIRM_S
    return replace(timers, restore_at=again_at, restores=timers.restores + 1), (SetVolume(timers.before),)
