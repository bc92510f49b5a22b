"""The requests for what the music does at a certain time.

They are part of the table in `device.control.protocol`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from device.config.minute_of_day import minute_of
from device.control.command import Command

MAX_MINUTES = 600


class Sleep(Command, frozen=True, tag="sleep"):
    """Sets the sleep timer; without an argument, nothing changes."""

    name = "sleep"
    summary = "pause the music after so many minutes, softer and softer in the last one, or print what is set"
    word = "[MINUTES|off]"
    word_help = f"in how many minutes, at most {MAX_MINUTES}"
    sends = (
        "`sleep` (when the music pauses, or null) and `sleep_minutes` as in the status; `notes`: a list of"
        " what does not work as usual"
    )

    minutes: Annotated[int, Meta(ge=0, le=MAX_MINUTES, description="from now; 0: off")] | None = None

    @classmethod
    def arguments(cls, word: str) -> dict[str, str]:
        """A number, or `off`."""
        return {"minutes": "0" if word.casefold() == "off" else word}


class Wake(Command, frozen=True, tag="wake"):
    """Sets the wake time; without an argument, nothing changes."""

    name = "wake"
    summary = "begin softly with music every day at this time, unless some plays, or print what is set"
    word = "[H:MM|on|off]"
    word_help = "a time of day, such as 7:30 or 19:30; off and on keep the time"
    switches: ClassVar[Mapping[str, str]] = {"once": "only the next time, not every day"}
    sends = (
        "`wake`, `wake_on` and `wake_once` as in the status; `wake_next` (when music begins next, or null);"
        " `notes` as for `sleep`"
    )

    to: Annotated[str, Meta(description="a local time such as `7:30`, `on` or `off`")] | None = None
    once: Annotated[bool, Meta(description="`true`: only the next time")] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no time, and `once` without one."""
        is_time = self.to is not None and minute_of(self.to) is not None
        if not is_time and self.to not in (None, "on", "off"):
            raise ValueError("expected a time such as 7:30 or 19:30, on, or off")
        if self.once is not None and not is_time:
            raise ValueError("once needs a time, as in 7:30")

    @classmethod
    def arguments(cls, word: str) -> dict[str, str]:
        """A time, `on` or `off`."""
        return {"to": word.casefold()}


TIMER_COMMANDS: tuple[type[Command], ...] = (Sleep, Wake)
