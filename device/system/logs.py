"""Sets up the log: to the journal with its fields under systemd, else to stderr."""

from __future__ import annotations

import logging
import os
import sys

try:
    from systemd import journal  # type: ignore[attr-defined,unused-ignore]
except ImportError:  # a laptop; on a Pi it is apt's python3-systemd
    journal = None

VERBOSE_LIBRARIES = ("mpd", "picamera2")  # each connection; each step of opening a camera


def set_up_logs(level: int) -> None:
    """Log from `level` on, to the journal if stderr is connected to it, else to stderr for a person."""
    root = logging.getLogger()
    root.setLevel(level)
    for library in VERBOSE_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    stderr = os.fstat(2)
    # A terminal may pass the variable on. It counts only if it names our stderr: systemd.exec(5).
    if journal is not None and os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}":
        root.addHandler(journal.JournalHandler(SYSLOG_IDENTIFIER="moodbox"))
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    root.addHandler(handler)
