"""A clock and a player for the tests of the timers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from device.timers.kept import row_of, timers_of
from device.timers.now import Now
from device.timers.state import NO_TIMERS, Timers
from device.timers.steps import Begin, Music, Pause, SetVolume, Step

BERLIN = ZoneInfo("Europe/Berlin")
DAY_S = 86400
JUMPS = pytest.mark.parametrize("seconds", [-365 * DAY_S, -DAY_S, -600, 600, DAY_S, 365 * DAY_S])
"""Of the wall's clock."""


def wall(text: str) -> float:
    return datetime.fromisoformat(f"2026-11-28 {text}").replace(tzinfo=BERLIN).timestamp()


PLAYING = Music(playing=True, volume=50)
SEVEN = Now(1000.0, wall("07:00"), zone=BERLIN)


@dataclass
class Evening:
    """A box's timers, a player that does what they ask for, and two clocks."""

    timers: Timers = NO_TIMERS
    music: Music | None = PLAYING
    now: Now = SEVEN
    done: list[Step] = field(default_factory=list)
    loses_volume: bool = False

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and do what is due whenever it is."""
        self.check()
        end = self.now.monotonic + seconds
        while (moment := min(self.timers.next_check(self.now), end)) < end:
            self._go_to(moment)
        self._go_to(end)

    def jump(self, seconds: float) -> None:
        """Set the wall's clock."""
        self.now = Now(self.now.monotonic, self.now.wall + seconds, self.now.is_set, BERLIN)

    def restart(self, now: Now) -> None:
        """Start the box again at another moment, with what it has kept."""
        self.now, self.timers = now, timers_of(row_of(self.timers), now)

    def check(self) -> None:
        self.timers, steps = self.timers.advance(self.now, self.music)
        for step in steps:
            self.done.append(step)
            match step:
                case SetVolume() if self.loses_volume:
                    pass
                case SetVolume(percent):
                    self._change(volume=percent)
                case Pause():
                    self._change(playing=False)
                case Begin():
                    self._change(playing=True)

    def _change(self, *, volume: int | None = None, playing: bool | None = None) -> None:
        assert self.music
        self.music = Music(
            self.music.playing if playing is None else playing,
            self.music.volume if volume is None else volume,
        )

    def _go_to(self, moment: float) -> None:
        passed = moment - self.now.monotonic
        self.now = Now(moment, self.now.wall + passed, self.now.is_set, BERLIN)
        self.check()

    @property
    def volumes(self) -> list[int]:
        return [step.percent for step in self.done if isinstance(step, SetVolume)]


def silent() -> Evening:
    return Evening(music=Music(playing=False, volume=50))
