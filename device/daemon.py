"""The box as a process: from its settings to its exit code."""

from __future__ import annotations

import logging
import signal
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from device.assembly import open_box
from device.config.last_good import keep
from device.errors import MoodboxError
from device.supervision import BROKEN, PATIENCE, Part, Patience, Supervised, ThreadDied
from device.system.control_socket import Stop

if TYPE_CHECKING:
    from types import TracebackType

    from device.config.settings import Settings

log = logging.getLogger(__name__)

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def run(
    settings: Settings,
    *,
    broken: str | None = None,
    events: SimpleQueue[Any] | None = None,
    patience: Patience = PATIENCE,
) -> int:
    """Is the box until it is told to end. Returns its exit code: 0, or BROKEN by an error of moodbox's own.

    broken: what is wrong with the settings' file, where these are not what it says. events: the box's one
    queue. Raises MoodboxError where the box cannot begin.
    """
    events = SimpleQueue() if events is None else events
    _stop_on_signals(events, patience)
    threading.excepthook = lambda died: _thread_died(died, events)
    try:
        with open_box(
            settings, events, trouble={"settings": broken} if broken else {}, patience=patience
        ) as box:
            if "settings" not in dict(box.state.trouble):
                keep(settings)
            return box.run()
    except MoodboxError:
        raise
    except Exception:
        log.critical("the box ends by an error of moodbox's own", exc_info=True)
        return BROKEN


def _stop_on_signals(events: SimpleQueue[Any], patience: Patience) -> None:
    """From here on signals wait for a thread of their own, which goes on reading them.

    A handler would have to wake the main thread, and does not where the kernel gives the signal to another.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # for this thread, and those that it starts

    def wait() -> None:
        while True:
            signal.sigwait(SIGNALS)
            events.put(Stop())

    Supervised(Part("signals", events.put, patience), wait).start()


def _thread_died(died: threading.ExceptHookArgs, events: SimpleQueue[Any]) -> None:
    """All of the box's own threads are supervised, so it is a library's: no reason to end the music."""
    name = died.thread.name if died.thread else "a thread"
    error = died.exc_value or died.exc_type()
    events.put(ThreadDied(name, _library(died.exc_traceback), error))


def _library(trace: TracebackType | None) -> str:
    """Whose code the thread ran: the package of the first function after Python's own; "" for the box."""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package != "threading":
            return "" if package == "device" else package
        trace = trace.tb_next
    return ""
