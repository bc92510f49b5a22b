"""Which part may end the box, and what happens to every other part that fails.

Two things end the box, both with the exit code BROKEN, and systemd starts it again: an error in its loop
(`Box.run`), and a part in `RESTARTS` that has failed once more than it may be restarted. Every other part is
started again after a growing pause, and is said as trouble from its second failure in a row, until it has run
well for a while or has done its job.

The parts run on threads of their own and only post events; the loop keeps the `Ledger`, and decides.
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

from device.errors import MoodboxError

log = logging.getLogger(__name__)

BROKEN = 70  # exit code, sysexits' EX_SOFTWARE: an error of moodbox's own, not of the user's
RESTARTS = {"player": 3}  # by part: how often it may be restarted in a row before the box ends
SAID_FROM = 2  # failures in a row from which on a part is said as trouble
LONGEST_REASON = 200  # characters
MORE = "the log says more: journalctl -u moodbox"


@dataclass(frozen=True)
class Patience:
    """How failed parts are started again.

    pauses: seconds before that, after a part's first failure in a row, its second ...; the last holds for all
    later ones. well: seconds that a part has to run before its failures are forgotten.
    """

    pauses: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0)
    well: float = 120.0

    def pause(self, failures: int) -> float:
        return self.pauses[min(failures, len(self.pauses)) - 1]


PATIENCE = Patience()


@dataclass(frozen=True)
class PartFailed:
    """failures: in a row, with this one. sentence: what happened, and what to do.

    well_after: seconds after which the part counts as well if it has not failed again; infinite for a part
    that is well only once it has done a job (`PartWell`).
    """

    part: str
    sentence: str
    failures: int
    well_after: float


@dataclass(frozen=True)
class PartWell:
    """The part has done its job after it had failed."""

    part: str


@dataclass(frozen=True)
class ThreadDied:
    """A thread that nobody supervises has died. library: whose code it ran."""

    thread: str
    library: str
    error: BaseException


Post = Callable[[Any], None]
"""Puts an event into the box's one queue: a part's own kinds, and PartFailed and PartWell."""


def what_happened(error: BaseException, verb: str = "stopped") -> str:
    """The user's own trouble in its own words; anything else is a mistake in moodbox, and named as such."""
    if isinstance(error, MoodboxError):
        return str(error)
    return f"{verb} by an error of moodbox's own ({reason(error)})"


def reason(error: BaseException) -> str:
    """The error's type and message as one short line."""
    first = (str(error).strip().splitlines() or [""])[0]
    line = ": ".join(filter(None, [type(error).__name__, first]))
    return "".join(c if c.isprintable() else "?" for c in line)[:LONGEST_REASON]


class Part:
    """Counts one part's failures in a row, logs and posts them. May be used by several threads at once."""

    def __init__(self, name: str, post: Post, patience: Patience = PATIENCE) -> None:
        self.name = name
        self._post = post
        self._patience = patience
        self._lock = threading.Lock()
        self._failures = 0
        self._began = monotonic()
        self._logged = ""

    def begins(self) -> None:
        """It has been started."""
        self._began = monotonic()

    def stopped(self, error: BaseException) -> float:
        """The error has ended the part. Returns after how many seconds it should be started again."""
        if monotonic() - self._began >= self._patience.well:
            self._forget()
        failures = self._count(error)
        pause = self._patience.pause(failures)
        restarted = f"restarted {_times(failures - 1)}" if failures > 1 else "it is started again"
        what = f"{what_happened(error)}, {restarted}; {MORE}"
        self._post(PartFailed(self.name, what, failures, pause + self._patience.well))
        return pause

    def lost(self, error: BaseException) -> None:
        """The error has cost one job; the part lives on, and is well once a later job is done."""
        failures = self._count(error)
        what = f"{what_happened(error, 'failed')}, {_times(failures)} so far; {MORE}"
        self._post(PartFailed(self.name, what, failures, math.inf))

    def well(self) -> None:
        """It has done its job."""
        if self._forget():
            self._post(PartWell(self.name))

    @contextlib.contextmanager
    def job(self, *passing: type[BaseException]) -> Iterator[None]:
        """An error inside costs this job alone, unless it is one of `passing`."""
        try:
            yield
        except passing:
            raise
        except Exception as error:
            self.lost(error)
        else:
            self.well()

    def _count(self, error: BaseException) -> int:
        what = what_happened(error, "failed")
        with self._lock:
            self._failures += 1
            failures = self._failures
            known, self._logged = self._logged, what
        # Where it comes from is said once: the same error every two minutes must not fill the log.
        trace = None if known == what or isinstance(error, MoodboxError) else error
        log.error("%s: %s (%d in a row)", self.name, what, failures, exc_info=trace)
        return failures

    def _forget(self) -> int:
        """Returns how many failures there were."""
        with self._lock:
            failures, self._failures, self._logged = self._failures, 0, ""
        return failures


class Supervised:
    """Runs a part's function on a thread of its own, and again whenever an error has ended it.

    closed: set by `close`, for a function that has to look at it; a pause ends at once.
    """

    def __init__(self, part: Part, run: Callable[[], None]) -> None:
        self.closed = threading.Event()
        self._part = part
        self._run = run
        self._thread = threading.Thread(target=self._keep_running, name=part.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, wait: float = 0.5) -> None:
        """Waits `wait` seconds for the function to end; one that takes longer dies with the process."""
        self.closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=wait)

    def _keep_running(self) -> None:
        while not self.closed.is_set():
            self._part.begins()
            try:
                self._run()
            except BaseException as error:  # SystemExit too: Python ends a thread by it without a word
                pause = self._part.stopped(error)
            else:
                self._part.well()
                return
            self.closed.wait(pause)


def ends_the_box(failed: PartFailed) -> bool:
    return failed.part in RESTARTS and failed.failures > RESTARTS[failed.part]


class Ledger:
    """The parts that are in trouble; kept by the loop alone. Times are monotonic seconds.

    trouble: a sentence by part. due: when `forget` is to be called next, infinite for never.
    """

    def __init__(self) -> None:
        self.trouble: dict[str, str] = {}
        self._well_at: dict[str, float] = {}

    @property
    def due(self) -> float:
        return min(self._well_at.values(), default=math.inf)

    def heed(self, event: PartFailed | PartWell | ThreadDied, now: float) -> None:
        match event:
            case PartFailed(part, sentence, failures, well_after):
                self._well_at[part] = now + well_after
                if failures >= SAID_FROM:
                    self.trouble[part] = sentence
            case PartWell(part):
                self._is_well(part)
            case ThreadDied(thread, library, error):
                self.trouble[library or thread] = (
                    f"a thread has died of an error ({reason(error)}), and only a restart brings it back: "
                    f"sudo systemctl restart moodbox; {MORE}"
                )

    def forget(self, now: float) -> None:
        """Parts that have not failed for long enough are well."""
        for part, well_at in list(self._well_at.items()):
            if well_at <= now:
                self._is_well(part)

    def _is_well(self, part: str) -> None:
        self._well_at.pop(part, None)
        if self.trouble.pop(part, None):
            log.info("%s: well again", part)


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
