"""What bounds this process, whatever the broker sends, and who is told when a thread ends by an error."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable

from device.printable import printable

MAX_DATA_BYTES = 128 << 20
"""Of memory, less than the unit allows. paho-mqtt reserves as much as a packet says that it is long, up to
256 MB.
"""
STACK_BYTES = 512 << 10
TOO_LARGE = "the broker sends what is too large: is it one?"


def bound_memory() -> None:
    """Have what is too large raise MemoryError."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MAX_DATA_BYTES if most == resource.RLIM_INFINITY else min(MAX_DATA_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))
    threading.stack_size(STACK_BYTES)


def report_failed_threads(report: Callable[[str], None]) -> None:
    """Have `report` called, on the thread that ends, with one line that says why."""

    def hook(failed: threading.ExceptHookArgs) -> None:
        is_memory = issubclass(failed.exc_type, MemoryError)
        report(TOO_LARGE if is_memory else printable(f"{failed.exc_type.__name__}: {failed.exc_value}"))

    threading.excepthook = hook
