"""The box as a process: from its settings to its exit code."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from device.assembly import open_box
from device.box.loop import Stop
from device.config.last_good import save
from device.errors import MoodboxError
from device.health import Health, Part, ThreadDied
from device.supervision import (
    DEFAULT_RESTART_POLICY,
    EXIT_INTERNAL_ERROR,
    PartMonitor,
    RestartPolicy,
    SupervisedThread,
)
from device.system.heap import never_collected
from device.system.private_memory import overwrite_freed_memory

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from device.config.settings import Settings

log = logging.getLogger(__name__)

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def run(
    settings: Settings,
    *,
    settings_problem: str | None = None,
    settings_file: Path | None = None,
    events: SimpleQueue[Any] | None = None,
    restart_policy: RestartPolicy = DEFAULT_RESTART_POLICY,
) -> int:
    """Run the box until a signal ends it.

    Args:
        settings: The settings.
        settings_problem: What is wrong with the settings file, if `settings` are the last good ones instead.
        settings_file: Where the settings were read; None for the default file.
        events: The box's one queue.
        restart_policy: When parts that fail are restarted.

    Returns:
        The exit code: 0, or EXIT_INTERNAL_ERROR after an error of moodbox's own.

    Raises:
        MoodboxError: The box cannot start.
    """
    events = SimpleQueue() if events is None else events
    _stop_on_signals(events, restart_policy)
    threading.excepthook = lambda died: _thread_died(died, events)
    health = Health()
    if settings_problem:
        health.report_until_restart(Part.SETTINGS, settings_problem)
    is_open = False
    try:
        with ExitStack() as stack:
            with never_collected():
                box = stack.enter_context(
                    open_box(
                        settings,
                        events,
                        health=health,
                        restart_policy=restart_policy,
                        settings_file=settings_file,
                    )
                )
            if Part.SETTINGS not in health:
                save(settings)
            is_open = True
            overwrite_freed_memory()
            return box.run()
    except BaseException as error:  # including SystemExit, which would choose an exit code of its own
        if isinstance(error, MoodboxError) and not is_open:
            raise
        log.critical("the box ends by an error of moodbox's own", exc_info=True)
        return EXIT_INTERNAL_ERROR


def _stop_on_signals(events: SimpleQueue[Any], restart_policy: RestartPolicy) -> None:
    """Post a Stop for each signal, from a thread that waits for signals.

    A signal handler would not do: it runs on the main thread, which does not wake up when the kernel delivers
    the signal to another thread.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # for this thread, and those that it starts

    def wait() -> None:
        while True:
            signal.sigwait(SIGNALS)
            events.put(Stop())

    SupervisedThread(PartMonitor(Part.SIGNALS, events.put, restart_policy), wait).start()


def _thread_died(died: threading.ExceptHookArgs, events: SimpleQueue[Any]) -> None:
    """All of the box's own threads are supervised, so it is a library's: no reason to end the music."""
    name = died.thread.name if died.thread else "a thread"
    error = died.exc_value or died.exc_type()
    events.put(ThreadDied(name, _library(died.exc_traceback), error))


def _library(trace: TracebackType | None) -> str:
    """The package of the first function after Python's own that the thread ran; "" for moodbox's."""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package != "threading":
            return "" if package == "device" else package
        trace = trace.tb_next
    return ""
