"""Writes a small file whole or not at all."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from device.storage.quarantine import quarantine_non_files
from device.storage.regular_file import read_regular_file

log = logging.getLogger(__name__)


def write_whole(file: Path, content: bytes, max_bytes: int) -> None:
    """Write the file atomically unless it has this content; its owner's group may read it. Raises OSError.

    max_bytes: How large the file may have become by now; a larger one is replaced.
    """
    for moved in quarantine_non_files(file):
        log.warning("%s: not a file; moved to %s", file, moved)
    try:
        if read_regular_file(file, max_bytes) == content:
            return
    except OSError:  # there is none, or it cannot be read: it is replaced
        pass
    new = file.with_suffix(".new")
    for moved in quarantine_non_files(new):
        log.warning("%s: not a file; moved to %s", new, moved)
    try:
        with new.open("wb") as out:
            os.fchmod(out.fileno(), 0o640)  # readable for those who may ask the box, too
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
