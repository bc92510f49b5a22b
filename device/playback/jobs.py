"""What the player's thread is given to do, and what comes of a job in which moodbox itself fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import mpd

from device.errors import SEE_LOG, describe
from device.health import Part
from device.mpd.connection import FAILURES, shown
from device.mpd.queue_mirror import Mirror
from device.supervision import PartMonitor, Post

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """part: under which name its failing is said as trouble. lost: told why nothing has come of it, where the
    box waits for an answer.
    """

    part: Part
    do: Callable[[Mirror], None]
    lost: Callable[[str], None] | None = None


@dataclass(frozen=True)
class Ended:
    """The connection that idles has ended."""

    error: BaseException


class Worker:
    """Does jobs. An error of moodbox's own in one of them costs that job, and neither the connection nor the
    player; should it have left the connection in disorder, the next question to MPD finds that out.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._monitors: dict[Part, PartMonitor] = {}

    def monitor(self, part: Part) -> PartMonitor:
        if part not in self._monitors:
            self._monitors[part] = PartMonitor(part, self._post)
        return self._monitors[part]

    def do(self, job: Job, mirror: Mirror) -> None:
        """Raises what a connection may raise, but for a command that MPD refuses."""
        try:
            job.do(mirror)
        except mpd.CommandError as error:
            log.warning("MPD refuses: %s", shown(str(error)))
        except FAILURES:
            raise
        except Exception as error:
            self.monitor(job.part).report_failure(error)
            if job.lost:
                job.lost(f"{describe(error, 'failed')}; {SEE_LOG}")
        else:
            self.monitor(job.part).mark_healthy()
