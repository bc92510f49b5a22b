"""The health of the box: which parts cannot serve, and why.

Parts report problems, the loop keeps them in one `Health`, and the lights and `moodbox status` show them.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from enum import StrEnum

from device.errors import SEE_LOG, summary

log = logging.getLogger(__name__)

FAILURES_UNTIL_SHOWN = 2  # in a row; one failure alone is over before anybody has read about it


class Part(StrEnum):
    """A part of the box, by its name in the `trouble` of `moodbox status`."""

    SETTINGS = "settings"
    MODEL = "model"
    CAMERA = "camera"
    PANEL = "panel"
    PLAYER = "player"
    LIBRARY = "library"
    STORAGE = "storage"
    POWER = "power"
    # Threads, and what is done for the loop on a thread of a library.
    LIBRARIAN = "librarian"
    LISTENING = "listening"
    CONTROL = "control"
    QUESTIONS = "questions"
    SIGNALS = "signals"
    BUTTON = "button"
    VOLUME = "volume"
    NEXT = "next"
    CORRECT = "correct"
    LIGHTS = "lights"
    ROOM = "room"
    # Only `moodbox check` names it: it is a process of its own.
    HOME = "home"
    # Jobs of the player.
    PLAYLISTS = "playlists"
    LIKES = "likes"
    QUEUE = "queue"
    PAUSE = "pause"
    SKIP = "skip"
    STICKERS = "stickers"
    CHANGES = "changes"
    SOUND = "sound"


@dataclass(frozen=True)
class PartFailed:
    """A supervised part has failed.

    Attributes:
        part: The part.
        problem: What happened, and what to do.
        failures: How many failures there were in a row, including this one.
        healthy_after_s: Seconds without another failure after which the part counts as healthy. Infinite for
            a part that is healthy only once it has finished a job (`PartRecovered`).
        needs_new_process: Whether only another process can have what the part needs.
    """

    part: Part
    problem: str
    failures: int
    healthy_after_s: float
    needs_new_process: bool = False


@dataclass(frozen=True)
class PartRecovered:
    """The part has finished a job after it had failed."""

    part: Part


@dataclass(frozen=True)
class ThreadDied:
    """A thread without supervision has ended with an error.

    Attributes:
        thread: The thread's name.
        library: The package whose code the thread ran; empty for moodbox's own.
        error: What ended it.
    """

    thread: str
    library: str
    error: BaseException


class Health:
    """The problems of all parts. Only the loop's thread may use it.

    A part's problems come from three sources. If there are several, `trouble` shows what the part reports
    while the box runs, else what was found at the start, else why the part was restarted.
    """

    def __init__(self) -> None:
        self._reported: dict[Part, str] = {}
        self._until_restart: dict[Part, str] = {}
        self._failed: dict[str, str] = {}
        self._healthy_at: dict[Part, float] = {}

    @property
    def trouble(self) -> dict[str, str]:
        """The problem of each part that has one, sorted by the part's name."""
        return dict(sorted((self._failed | self._until_restart | self._reported).items()))

    def __contains__(self, part: Part) -> bool:
        """Whether the part has a problem."""
        return part in self._reported or part in self._until_restart or part in self._failed

    def report(self, part: Part, problem: str, *, level: int = logging.WARNING) -> None:
        """Set what keeps the part from serving, until `clear`. A problem is logged once while it lasts."""
        if self._reported.get(part) != problem:
            log.log(level, "%s: %s", part, problem)
        self._reported[part] = problem

    def report_until_restart(self, part: Part, problem: str) -> None:
        """Set a problem that only a restart of the box can end. Of several, the first is kept."""
        log.warning("%s: %s", part, problem)
        self._until_restart.setdefault(part, problem)

    def clear(self, part: Part) -> bool:
        """Forget what was set by `report`. Returns whether there was anything."""
        return self._reported.pop(part, None) is not None

    # Supervision

    @property
    def next_expiry(self) -> float:
        """When `expire_failures` is due next, in monotonic seconds; infinite for never."""
        return min(self._healthy_at.values(), default=math.inf)

    def handle_event(self, event: PartFailed | PartRecovered | ThreadDied, now: float) -> None:
        """Update the supervised parts. `now` is in monotonic seconds."""
        match event:
            case PartFailed(part, problem, failures, healthy_after_s):
                self._healthy_at[part] = now + healthy_after_s
                if failures >= FAILURES_UNTIL_SHOWN:
                    self._failed[part] = problem
            case PartRecovered(part):
                self._forget_failure(part)
            case ThreadDied(thread, library, error):
                self._failed[library or thread] = (
                    f"a thread has died of an error ({summary(error)}), and only a restart brings it back: "
                    f"sudo systemctl restart moodbox; {SEE_LOG}"
                )

    def expire_failures(self, now: float) -> None:
        """Forget the failures of parts that have run without another one for long enough."""
        for part, healthy_at in list(self._healthy_at.items()):
            if healthy_at <= now:
                self._forget_failure(part)

    def _forget_failure(self, part: Part) -> None:
        self._healthy_at.pop(part, None)
        if self._failed.pop(part, None):
            log.info("%s: healthy again", part)
