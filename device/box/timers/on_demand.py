"""The timers of a box on which none may ever be set: until one is, they cost it one row that is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from device.box.commands.reply import Actions, DeferredReply, Reply
from device.control.command import Command
from device.control.timer_commands import TIMER_COMMANDS
from device.playback.guarded_memory import GuardedMemory
from device.timers import row

if TYPE_CHECKING:
    from device.box.timers.control import TimerControl


class TimersOnDemand:
    """A `TimerControl` that is made once it is needed. Used by the loop's thread alone."""

    def __init__(self, memory: GuardedMemory, made_by: Callable[[type[TimerControl]], TimerControl]) -> None:
        """Look whether something was set before a restart.

        Args:
            memory: Keeps what is set.
            made_by: Returns the object of this class, with its arguments.
        """
        self._made_by = made_by
        self._made: TimerControl | None = None
        if memory.recall(row.read) not in (None, row.NOTHING_SET):
            self._control()

    @property
    def actions(self) -> Actions:
        """What it does for which command."""
        return {kind: partial(self._act, kind) for kind in TIMER_COMMANDS}

    def notice(self, event: object) -> None:
        """Look at an event or a gesture before it is handled, if a timer was set."""
        if self._made:
            self._made.notice(event)

    def follow(self) -> None:
        """See what has become of the music, if a timer was set."""
        if self._made:
            self._made.follow()

    def _act(self, kind: type[Command], command: Command) -> Reply | DeferredReply:
        return self._control().actions[kind](command)

    def _control(self) -> TimerControl:
        if self._made is None:
            # Its modules are a fiftieth of all that the start would load.
            from device.box.timers.control import TimerControl

            self._made = self._made_by(TimerControl)
        return self._made
