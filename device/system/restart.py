"""A restart of the whole box for a part that only another process can have, such as a camera that hangs."""

from __future__ import annotations

import logging
import math
from contextlib import suppress
from pathlib import Path

from device.health import Part, PartFailed
from device.storage.regular_file import read_regular_file
from device.storage.whole_file import write_whole
from device.supervision import Post

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FILE = "restarted.boot"
MAX_BYTES = 100  # a boot's ID has 37


class RestartOncePerBoot:
    """Restarts the box, at most once in a boot: if that does not help, nor does a second time.

    Music plays on meanwhile, because MPD is a process of its own.
    """

    def __init__(self, folder: Path | None, part: Part, post: Post) -> None:
        """Take what is needed.

        Args:
            folder: The service's, where it is remembered that the box was restarted. None if no service
                manager would start the box again.
            part: The part that asks.
            post: Takes the PartFailed that ends the box.
        """
        self._folder = folder
        self._part = part
        self._post = post

    def __call__(self, reason: str) -> bool:
        """End the box if it may; return whether it does. Any thread may call this."""
        if self._folder is None or not self._remember(self._folder / FILE):
            return False
        self._post(PartFailed(self._part, reason, 1, math.inf, needs_new_process=True))
        return True

    def _remember(self, file: Path) -> bool:
        """Return False if the box was restarted in this boot, or if nobody could tell later that it was."""
        try:
            boot = BOOT_ID.read_bytes()
            with suppress(OSError):  # there is none, or something else is in its place: it is replaced
                if read_regular_file(file, MAX_BYTES) == boot:
                    return False
            write_whole(file, boot, MAX_BYTES)
        except OSError as error:
            log.warning("the box does not restart: %s", error)
            return False
        return True
