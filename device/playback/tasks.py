"""What the MPD worker's thread is given to do, and what happens when moodbox itself fails at a task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpd

from device.errors import SEE_LOG, describe
from device.health import Part
from device.mpd.connection import MPD_ERRORS, printable
from device.mpd.queue_mirror import QueueMirror
from device.supervision import PartMonitor, Post

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One thing to do with MPD.

    Attributes:
        part: The part of which a failure is reported.
        run: Does it.
        failed: Called with the reason when moodbox has failed at it, where the box waits for a result.
        lost: Called with the reason when MPD is lost before it is done, where somebody waits for an answer.
    """

    part: Part
    run: Callable[[QueueMirror], None]
    failed: Callable[[str], None] | None = None
    lost: Callable[[str], None] | None = None

    def drop(self) -> None:
        """Tell whoever waits for it that it will not be done."""
        if self.lost:
            self.lost(LOST)


LOST = "MPD was lost meanwhile: `moodbox status` says why"
Answer = dict[str, Any]
"""What MPD was asked for, or `error`: why there is nothing."""


def question(read: Callable[[QueueMirror], Answer], done: Callable[[Answer], None]) -> Task:
    """Return the task to ask MPD for something that another program wants to know."""

    def run(mirror: QueueMirror) -> None:
        try:
            done(read(mirror))
        except mpd.CommandError as error:
            done({"error": f"MPD refuses: {printable(str(error))}"})

    def failed(reason: str) -> None:
        done({"error": f"it {reason}"})

    return Task(Part.QUEUE, run, failed, lambda reason: done({"error": reason}))


@dataclass(frozen=True)
class IdleEnded:
    """The idle client's connection has ended."""

    error: BaseException


class TaskRunner:
    """Runs tasks.

    A fault of moodbox's own costs one task, and neither the connection nor the thread. Should it leave the
    connection in disorder, the next command to MPD finds that out.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._monitors: dict[Part, PartMonitor] = {}

    def monitor(self, part: Part) -> PartMonitor:
        """Return the monitor that counts this part's failures."""
        if part not in self._monitors:
            self._monitors[part] = PartMonitor(part, self._post)
        return self._monitors[part]

    def run(self, task: Task, mirror: QueueMirror) -> None:
        """Run a task. Raises one of MPD_ERRORS, but none where MPD refuses a command: that is logged."""
        try:
            task.run(mirror)
        except mpd.CommandError as error:
            log.warning("MPD refuses: %s", printable(str(error)))
        except MPD_ERRORS:
            task.drop()
            raise
        except Exception as error:
            self.monitor(task.part).report_failure(error)
            if task.failed:
                task.failed(f"{describe(error, 'failed')}; {SEE_LOG}")
        else:
            self.monitor(task.part).mark_healthy()
