"""Keeps what is in the box's memory, such as a frame, from being written down or left behind.

A frame passes through OpenCV's and TFLite's own buffers, so it would not do to lock single arrays.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
from pathlib import Path

log = logging.getLogger(__name__)

M_PERTURB = -6  # glibc's mallopt: overwrite what is freed with this byte
FREED = 0x55
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
"""Lock all pages, now and later, that are in use: not those that are only reserved, as for threads."""

SWAPS = Path("/proc/swaps")
CONTROLLERS = Path("/sys/fs/cgroup/cgroup.controllers")


def keep_memory_private() -> None:
    """Write no core dump, and let no page of this process go to the swap.

    What the machine does not allow is logged, and left.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(OSError, ValueError):  # the unit sets it, and forbids to change it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        log.info("the memory cannot be locked (%s): it may go to the swap", os.strerror(ctypes.get_errno()))


def overwrite_freed_memory() -> None:
    """Overwrite from now on what is freed, and what is allocated.

    Call it before the first frame and after the model is loaded. TFLite allocates 256 MB for it and uses
    hardly any of them; if they were overwritten, the box would need all of them.
    """
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(M_PERTURB, FREED)


def swap_note() -> str:
    """Return in one line what keeps the box out of this machine's swap; "" if it has none."""
    try:
        if len(SWAPS.read_text().splitlines()) < 2:  # the first line is a heading
            return ""
        limited = "memory" in CONTROLLERS.read_text().split()
    except OSError as error:
        return f"whether there is a swap is not known ({error.strerror})"
    if limited:
        return "the service's memory stays out of the swap: it is locked, and MemorySwapMax holds"
    return (
        "the service's memory stays out of the swap because it is locked; MemorySwapMax does not hold: the "
        "kernel's memory controller is off (cgroup_disable=memory)"
    )
