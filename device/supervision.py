"""Restarts parts that fail, and decides which failure ends the box.

Three things end the box, all with the exit code EXIT_INTERNAL_ERROR, after which systemd restarts it: an
error in its loop (`Box.run`), a part in `MAX_RESTARTS` that fails after it was restarted that often, and once
in a boot a part that only another process can have (`device.system.restart`). Every other part is restarted
after a growing pause.

Parts run on threads of their own and only post events. The loop passes the events to `Health`.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from device.errors import SEE_LOG, MoodboxError, describe
from device.health import Part, PartFailed, PartRecovered

log = logging.getLogger(__name__)

EXIT_INTERNAL_ERROR = 70  # sysexits' EX_SOFTWARE: an error of moodbox's own, not of the user's
MAX_RESTARTS = {Part.PLAYER: 3}  # in a row


@dataclass(frozen=True)
class RestartPolicy:
    """How failed parts are restarted.

    Attributes:
        pauses_s: Seconds before the restart after a part's first failure in a row, its second and so on. The
            last value holds for all later failures.
        healthy_after_s: Seconds that a part has to run before its failures are forgotten.
    """

    pauses_s: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0)
    healthy_after_s: float = 120.0

    def pause_s(self, failures: int) -> float:
        """Return the pause in seconds after so many failures in a row (1 or more)."""
        return self.pauses_s[min(failures, len(self.pauses_s)) - 1]


DEFAULT_RESTART_POLICY = RestartPolicy()

Post = Callable[[Any], None]
"""Puts an event into the box's one queue: a part's own kinds, PartFailed and PartRecovered."""


class PartMonitor:
    """Counts one part's failures in a row, logs them and posts them. Several threads may use it at once."""

    def __init__(self, part: Part, post: Post, policy: RestartPolicy = DEFAULT_RESTART_POLICY) -> None:
        self.part = part
        self._post = post
        self._policy = policy
        self._lock = threading.Lock()
        self._failures = 0
        self._started = monotonic()
        self._logged = ""

    def mark_started(self) -> None:
        """Note that the part runs from now on."""
        self._started = monotonic()

    def report_crash(self, error: BaseException) -> float:
        """Report that the error has ended the part. Returns the seconds until it should be restarted."""
        if monotonic() - self._started >= self._policy.healthy_after_s:
            self._reset()
        failures = self._count(error)
        pause_s = self._policy.pause_s(failures)
        restarts = f"restarted {_times(failures - 1)}" if failures > 1 else "it is started again"
        problem = f"{describe(error)}, {restarts}; {SEE_LOG}"
        self._post(PartFailed(self.part, problem, failures, pause_s + self._policy.healthy_after_s))
        return pause_s

    def report_failure(self, error: BaseException) -> float:
        """Report that the error has ended one job. The part runs on, and is healthy after its next job.

        Returns:
            The seconds until the job should be tried again, if nobody asks for it before.
        """
        failures = self._count(error)
        problem = f"{describe(error, 'failed')}, {_times(failures)} so far; {SEE_LOG}"
        self._post(PartFailed(self.part, problem, failures, math.inf))
        return self._policy.pause_s(failures)

    def mark_healthy(self) -> None:
        """Note that the part has finished a job. Posts PartRecovered if it had failed before."""
        if self._reset():
            self._post(PartRecovered(self.part))

    @contextlib.contextmanager
    def job(self, *passing: type[BaseException]) -> Iterator[None]:
        """Report an error in the block as a failure instead of raising it, except the types in `passing`."""
        try:
            yield
        except passing:
            raise
        except Exception as error:
            self.report_failure(error)
        else:
            self.mark_healthy()

    def _count(self, error: BaseException) -> int:
        description = describe(error, "failed")
        with self._lock:
            self._failures += 1
            failures = self._failures
            previous, self._logged = self._logged, description
        # One traceback is enough: the same error every two minutes must not fill the log.
        trace = None if previous == description or isinstance(error, MoodboxError) else error
        log.error("%s: %s (%d in a row)", self.part, description, failures, exc_info=trace)
        return failures

    def _reset(self) -> int:
        """Returns how many failures there were."""
        with self._lock:
            failures, self._failures, self._logged = self._failures, 0, ""
        return failures


class SupervisedThread:
    """Runs a part's function on a thread, and restarts it whenever an error has ended it.

    Attributes:
        closed: Set by `close`. The function has to end when it is set; a pause before a restart ends at once.
    """

    def __init__(self, monitor: PartMonitor, run: Callable[[], None]) -> None:
        self.closed = threading.Event()
        self._monitor = monitor
        self._run = run
        self._thread = threading.Thread(target=self._keep_running, name=monitor.part, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout_s: float = 0.5) -> None:
        """Wait up to `timeout_s` seconds for the function to end; after that it ends with the process."""
        self.closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=timeout_s)

    def _keep_running(self) -> None:
        while not self.closed.is_set():
            self._monitor.mark_started()
            try:
                self._run()
            except BaseException as error:  # including SystemExit, which would end a thread silently
                pause_s = self._monitor.report_crash(error)
            else:
                self._monitor.mark_healthy()
                return
            self.closed.wait(pause_s)


def why_the_box_ends(failed: PartFailed) -> str:
    """Return the reason if the part cannot be restarted any more; otherwise ""."""
    if failed.needs_new_process:
        return failed.problem
    if failed.part in MAX_RESTARTS and failed.failures > MAX_RESTARTS[failed.part]:
        return f"the {failed.part} has failed after {MAX_RESTARTS[failed.part]} restarts"
    return ""


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
