"""The time of day at which music begins, and from which moment on it counts, although the clock may jump."""

from __future__ import annotations

from dataclasses import dataclass, replace

from device.timers.now import Now
from device.timers.time_of_day import following, latest

LATE_S = 300.0  # what was missed longer ago is not made up for
WRONG_S = 3600.0  # a clock that is set by more, forward or back, was wrong


@dataclass(frozen=True)
class WakeTime:
    """The time of day at which music begins.

    Attributes:
        minute: Of the day.
        on: Whether it counts.
        once: Whether it is off after that.
        answered: The last moment at which it was that time and the box has done what follows, or somebody has
            set it; what was before counts no more. In seconds since the epoch; 0 if the clock was not set.
        since: The same in monotonic seconds; None if that is not known after a restart.
    """

    minute: int
    on: bool = True
    once: bool = False
    answered: float = 0.0
    since: float | None = None

    def counted_from(self, moment: float, now: Now) -> WakeTime:
        """Let what was at or before a moment count no more; in seconds since the epoch."""
        return replace(self, answered=moment, since=now.monotonic - (now.wall - moment))

    def is_due(self, now: Now) -> bool:
        """Whether music has to begin: the time has come, at most LATE_S ago."""
        due = self._unanswered(now)
        return due is not None and now.wall - due <= LATE_S

    def missed(self, now: Now) -> float | None:
        """When music should have begun, in seconds since the epoch, if it is too late for it now."""
        due = self._unanswered(now)
        return due if due is not None and now.wall - due > LATE_S else None

    def by(self, now: Now) -> WakeTime:
        """Count from the same moment by the present clock, where the clock was wrong or not set then.

        Where that moment is not known any more, it counts from now on.
        """
        if not now.is_set:
            return self
        if self.since is not None:
            moment = now.wall - (now.monotonic - self.since)
            was_wrong = self.answered <= 0 or abs(moment - self.answered) > WRONG_S
            return replace(self, answered=moment) if was_wrong else self
        is_ahead = self.answered > now.wall + WRONG_S
        is_unknown = self.answered <= 0 and not self.is_due(now)
        return self.counted_from(now.wall, now) if is_ahead or is_unknown else self

    def _unanswered(self, now: Now) -> float | None:
        """When music should have begun, if the box has not yet done what follows.

        Of several such times it is the last one, and for a wake time for once the first.
        """
        if not (self.on and now.is_set):
            return None
        due = latest(self.minute, now.wall, now.zone)
        if due <= self.answered:
            return None
        return following(self.minute, self.answered, now.zone) if self.once and self.answered > 0 else due
