"""Sets up the log: to the journal with its fields under systemd, else to stderr."""

from __future__ import annotations

import logging
import os
import sys

from device.system.without_moods import WithoutMoods

try:
    from systemd import journal  # type: ignore[attr-defined,unused-ignore]
except ImportError:  # a laptop; on a Pi it is apt's python3-systemd
    journal = None

VERBOSE_LIBRARIES = ("mpd", "picamera2")  # each connection; each step of opening a camera


def set_up_logs(level: int, *, with_moods: bool = False) -> None:
    """Log to the journal if stderr is connected to it, else to stderr for a person.

    Args:
        level: The lowest that is logged.
        with_moods: Whether the log may say which moods were seen.
    """
    root = logging.getLogger()
    root.setLevel(level)
    for library in VERBOSE_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    # A terminal may pass the variable on. It counts only if it names our stderr: systemd.exec(5).
    if journal is not None and os.environ.get("JOURNAL_STREAM") == _device_and_inode(2):
        handler: logging.Handler = journal.JournalHandler(SYSLOG_IDENTIFIER="moodbox")
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    if not with_moods:
        handler.addFilter(WithoutMoods())
    root.addHandler(handler)


def _device_and_inode(descriptor: int) -> str:
    try:
        found = os.fstat(descriptor)
    except OSError:  # the process was started without it
        return ""
    return f"{found.st_dev}:{found.st_ino}"
